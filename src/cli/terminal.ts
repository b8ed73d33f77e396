// What is shown to people on a terminal: colour where it is wanted, and text of a peer's that may not control the terminal.

import type { WriteStream } from 'node:tty';

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  /** What is wrong. */
  red(text: string): string;
  /** What we send. */
  green(text: string): string;
  /** What comes. */
  cyan(text: string): string;
}

/** Colour on a terminal, unless NO_COLOR is set (https://no-color.org) or the terminal is a dumb one. */
export function styleFor(stream: Partial<WriteStream>): Style {
  const hasColour = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  const sgr = (code: number, end: number) => (text: string) => (hasColour ? `\x1b[${code}m${text}\x1b[${end}m` : text);
  return { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), green: sgr(32, 39), cyan: sgr(36, 39) };
}

/** Control characters, those that change the direction of writing, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The text with everything that would not be printed, or would move the cursor, as an escape. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

/** The text in quotes, on one line. */
export function quoted(text: string): string {
  return `"${printable(text.replace(/[\n\r\t"\\]/g, (char) => SHORT_ESCAPES.get(char)!))}"`;
}
