// A message as the command that sends it, `wsimd connect`, for a shell of POSIX.

import { formatHex } from '../bytes.js';

/** What to send: a message, or the payload of a control frame. */
export interface Sendable {
  /** Of control frames; undefined of messages. */
  readonly control: 'ping' | 'pong' | undefined;
  /** Of a message that is a text, or a payload that can be one. */
  readonly text: string | undefined;
  readonly bytes: Uint8Array;
}

/** @returns undefined for what no argument of a command can say */
export function connectCommand({ control, text, bytes }: Sendable, url: string): string | undefined {
  const line = control === undefined ? messageLine(text, bytes) : controlLine(control, text);
  // An argument ends at its first NUL.
  if (line === undefined || line.includes('\0')) return undefined;
  const isBinary = control === undefined && text === undefined;
  // Behind an equals sign, a text that begins with a dash is no option.
  return `npx wsimd connect ${isBinary ? '--binary --hex ' : ''}--send=${shellWord(line)} ${shellWord(url)}`;
}

function messageLine(text: string | undefined, bytes: Uint8Array): string {
  if (text === undefined) return formatHex(bytes).replaceAll(' ', '');
  // A slash begins a command, and two begin a text with a slash.
  return text.startsWith('/') ? `/${text}` : text;
}

/** A control frame's payload is what stands behind the spaces: it cannot begin with one. */
function controlLine(control: 'ping' | 'pong', text: string | undefined): string | undefined {
  if (text === undefined || /^\s/.test(text)) return undefined;
  return text === '' ? `/${control}` : `/${control} ${text}`;
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
