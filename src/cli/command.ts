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

/** `util.parseArgs`, strict, whose errors become UsageErrors of one line. */
export function parseOptions<T extends ParseArgsConfig>(
  args: readonly string[],
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs<T>({ ...config, args: [...args] });
  } catch (error) {
    rethrowUnless(error, TypeError);
    throw new UsageError(parseErrorText(error, args, Object.keys(config.options ?? {})));
  }
}

/** An error of `util.parseArgs` in one line: its own has several, with advice that fits no command here. */
function parseErrorText(error: NodeJS.ErrnoException, args: readonly string[], names: readonly string[]): string {
  const { code, message } = error;
  const [, quoted = ''] = /'([^']*)'/.exec(message) ?? [];
  // Such as '-p, --port <value>'.
  const option = /--?[^ ,]*(?= |$)/.exec(quoted)?.[0] ?? quoted;
  switch (code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
      return noSuch(
        'option',
        quoted,
        names.map((name) => `--${name}`),
      );
    case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
      return `unexpected argument "${quoted}"`;
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE': {
      if (message.includes('does not take')) return `${option} takes no value`;
      const next = args[args.indexOf(option) + 1];
      const advice = message.includes('ambiguous') ? `; to give it "${next}", write ${option}=${next}` : '';
      return `${option} needs a value${advice}`;
    }
    default:
      return message;
  }
}

/** The text for a name that does not exist, with the nearest one that does. @param kind of name */
export function noSuch(kind: string, name: string, names: readonly string[]): string {
  const text = `there is no ${kind} "${name}"`;
  const [nearest] = names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const isNear = nearest !== undefined && nearest.distance <= Math.min(2, name.replace(/^-+/, '').length / 2);
  return isNear ? `${text}; did you mean ${nearest.candidate}?` : text;
}

/** How many characters to insert, remove, replace, or swap with the next one, to make one text of the other. */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (isSame ? 0 : 1));
      const isSwapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (i > 1 && j > 1 && isSwapped) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[from.length]![to.length]!;
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
