// Checks of option values, and of the answers of functions that are options: the core uses them, and so does what is built on it.
// Each check throws an error that names the option as the caller wrote it. An option that is not given, or given as `undefined`, is
// not checked.

/**
 * Throws if the option doesn't take the value.
 *
 * @throws RangeError for an option that takes numbers, TypeError for any other
 */
export type OptionCheck = (name: string, value: unknown) => void;

/** The longest timer, in milliseconds: 24.8 days. Given a longer time, a timer of Node or of a browser runs out at once. */
export const MAX_TIMER = 2 ** 31 - 1;

/** Checks all options that have a check. @param prefix of their names in errors, for options inside an option */
export function checkOptions(options: object, checks: Readonly<Record<string, OptionCheck>>, prefix = ''): void {
  for (const [name, check] of Object.entries(checks)) {
    const value: unknown = options[name as never];
    if (value !== undefined) check(prefix + name, value);
  }
}

/** A number with a property. NaN has none: it is what `Number()` makes of a variable that is not set. */
export function numberThat(expected: string, isAccepted: (value: number) => boolean): OptionCheck {
  return (name, value) => {
    if (typeof value !== 'number' || !isAccepted(value)) throw new RangeError(mismatch(name, expected, value));
  };
}

/** A whole number in a range. */
export function wholeNumber(least: number, most: number): OptionCheck {
  const expected = `a whole number from ${least} to ${most === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : most}`;
  return numberThat(expected, (value) => Number.isInteger(value) && value >= least && value <= most);
}

/** A number from a least one on; Infinity is one of them. */
export function atLeast(least: number): OptionCheck {
  return numberThat(`a number from ${least} on`, (value) => value >= least);
}

/** Milliseconds, as far as a timer goes; Infinity stands for no timer. */
export function duration(least: number): OptionCheck {
  return numberThat(
    `a number of milliseconds from ${least} to 2^31 - 1, or Infinity`,
    (value) => value >= least && (value <= MAX_TIMER || value === Number.POSITIVE_INFINITY),
  );
}

export function trueOrFalse(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new TypeError(mismatch(name, 'true or false', value));
}

export function callable(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(mismatch(name, 'a function', value));
}

export function oneOf(...values: readonly string[]): OptionCheck {
  const expected = `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  return valueThat(expected, (value) => values.includes(value as string));
}

/** Which Origins a server accepts: an `OriginPolicy`. */
export function originPolicy(name: string, value: unknown): void {
  if (typeof value === 'function' || value === 'any' || value === 'same-origin') return;
  if (Array.isArray(value) && value.every((origin) => typeof origin === 'string')) return;
  throw new TypeError(mismatch(name, '"any", "same-origin", a list of origins or a function', value));
}

/** An object with a method; null stands for none. */
export function objectWith(method: string, expected: string): OptionCheck {
  return valueThat(
    expected,
    (value) => value === null || (typeof value === 'object' && typeof value[method as never] === 'function'),
  );
}

/** A value of any type with a property. */
export function valueThat(expected: string, isAccepted: (value: unknown) => boolean): OptionCheck {
  return (name, value) => {
    if (!isAccepted(value)) throw new TypeError(mismatch(name, expected, value));
  };
}

function mismatch(name: string, expected: string, value: unknown): string {
  return `${name} is ${expected}, not ${describeValue(value)}`;
}

/** A value for an error message. Nothing of an object is called. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/**
 * Whether this is a promise, of whichever library. One whose `then` cannot be read is a promise that rejects. A caller's function that
 * should answer yes or no may be `async`: its promise is truthy, even if it is fulfilled with false.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    return 'then' in value && typeof value.then === 'function';
  } catch {
    return true;
  }
}
