// What a command of `wsimd` is, and what all of them share: errors with an exit code, the reading of options. It knows no
// command.

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { rethrowUnless } from '../protocol/rethrow-unless.js';

/** One command, in a file of its own, exported as `command`; main.ts lists them. */
export interface Command {
  /** What `wsimd <command> --help` prints. */
  readonly help: string;
  /**
   * Does the work, and returns once it is done.
   *
   * @param args what follows the command's name
   * @returns the exit code
   * @throws CommandError
   */
  run(args: readonly string[]): Promise<number>;
}

/** Something went wrong that a person can mend: told in one line, without a stack. */
export class CommandError extends Error {
  readonly exitCode: number = 1;
}

/** The command line makes no sense. */
export class UsageError extends CommandError {
  override readonly exitCode = 2;
}

/** `util.parseArgs`, strict, whose complaints are UsageErrors. */
export function parseOptions<T extends ParseArgsConfig>(
  args: readonly string[],
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs<T>({ ...config, args: [...args] });
  } catch (error) {
    rethrowUnless(error, TypeError);
    // Its messages go on with advice on positional arguments that fits no command here.
    throw new UsageError(error.message.split('. ', 1)[0]);
  }
}

/** A whole number from `min` to `max`. @throws UsageError */
export function parseInteger(option: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || number < min || number > max) {
    throw new UsageError(`${option} is a whole number from ${min} to ${max}, not "${text}"`);
  }
  return number;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['', 1000],
  ['s', 1000],
  ['m', 60_000],
]);
/** The longest delay that `setTimeout` takes. */
const MAX_DURATION = 2 ** 31 - 1;

/** A duration such as `250ms`, `1.5s`, `2m` or a number of seconds. @returns milliseconds @throws UsageError */
export function parseDuration(option: string, text: string): number {
  const [, digits = '', unit = ''] = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m)?$/.exec(text) ?? [];
  const duration = Number(digits) * UNITS.get(unit)!;
  if (digits === '' || duration > MAX_DURATION) {
    throw new UsageError(`${option} is a duration such as 250ms, 1.5s or 2m, not "${text}"`);
  }
  return duration;
}
