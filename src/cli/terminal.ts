// Text for terminals: colours, and the one way in which text that a peer controls gets there. Such text may hold escape
// sequences, which move the cursor, rename the window or paste into the shell, and marks that reorder what is on the line.

import type { WriteStream } from 'node:tty';
import { printable, UNPRINTABLE } from '../page/frames/visible.js';

export { printable };

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

/** A URL, or what should be one, for an error message: without its password. */
export function withoutPassword(url: string): string {
  return url.replace(/^((?:[^/?#]*\/\/)?[^/?#:@]*):[^/?#]*@/, '$1:…@');
}

/** `printable` for a text of several lines: line feeds and tabs stay, and each further line begins with `indent`. */
export function printableLines(text: string, indent: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join(`\n${indent}`);
}

/** The value as JSON on one line, with the same characters as escapes of JSON: a parser reads the original text. */
export function printableJson(value: unknown): string {
  // Outside strings JSON has none of these characters, and inside them an escape means the same.
  return JSON.stringify(value).replace(UNPRINTABLE, (char) =>
    Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
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

/** Bytes in hex, without spaces. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
