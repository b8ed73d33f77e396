// What a catch block begins with that answers errors of some kinds. It knows none of them.

type Kind = abstract new (...args: never[]) => Error;

/** Lets whatever else was thrown go on: it is a bug, and nobody's to answer. */
export function rethrowUnless<Kinds extends readonly Kind[]>(
  error: unknown,
  ...kinds: Kinds
): asserts error is InstanceType<Kinds[number]> {
  if (!kinds.some((kind) => error instanceof kind)) throw error;
}
