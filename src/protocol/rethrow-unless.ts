// The first line of a catch block that handles only some kinds of errors.

type Kind = abstract new (...args: never[]) => Error;

/** Throws an error of any other kind again: it is a bug, which no caller can handle. */
export function rethrowUnless<Kinds extends readonly Kind[]>(
  error: unknown,
  ...kinds: Kinds
): asserts error is InstanceType<Kinds[number]> {
  if (!kinds.some((kind) => error instanceof kind)) throw error;
}
