// What a typed line asks for: a message, or a command that begins with a slash. It knows no connection.

import { CLOSE_NORMAL, ProtocolError } from '../../index.js';
import { HexError, parseHexOrNone } from '../../page/frames/parse-hex.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';

export type Input =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'binary'; readonly data: Uint8Array }
  | { readonly type: 'ping' | 'pong'; readonly payload: string }
  | { readonly type: 'close'; readonly closeCode: number | undefined; readonly reason: string }
  | { readonly type: 'help' };

/** The line asks for nothing that there is; the message says why. */
export class InputError extends Error {}

export const INPUT_HELP = `  TEXT                  send a message
  //TEXT                send a message that begins with a slash
  /text TEXT            send a text, with --binary too
  /binary HEX           send a binary message, such as /binary 00 ff
  /ping [TEXT]          send a ping
  /pong [TEXT]          send a pong that nobody asked for
  /close [CODE [REASON]]
                        close the connection; default 1000
  /help                 this list
`;

const COMMAND = /^\/(\w*)(?:\s+(.*))?$/s;

/** @param lines what a line without a command is @throws InputError */
export function parseInput(line: string, lines: 'text' | 'binary' | 'hex'): Input {
  if (!line.startsWith('/') || line.startsWith('//')) {
    const text = line.startsWith('//') ? line.slice(1) : line;
    if (lines === 'text') return { type: 'text', text };
    return {
      type: 'binary',
      data: lines === 'hex' ? fromLine(() => parseHexOrNone(text)) : new TextEncoder().encode(text),
    };
  }
  const [, name = '', argument = ''] = COMMAND.exec(line) ?? [];
  switch (name) {
    case 'text':
      return { type: 'text', text: argument };
    case 'binary':
      return { type: 'binary', data: fromLine(() => parseHexOrNone(argument)) };
    case 'ping':
    case 'pong':
      return { type: name, payload: argument };
    case 'close':
      return readClose(argument);
    case 'help':
      return { type: 'help' };
    default:
      throw new InputError(`there is no command ${line.split(/\s/, 1)[0]}; /help lists them, // sends a slash`);
  }
}

function readClose(argument: string): Input {
  const [, code = '', reason = ''] = /^(\S*)\s*(.*)$/s.exec(argument)!;
  if (code === '') return { type: 'close', closeCode: CLOSE_NORMAL, reason: '' };
  if (!/^[0-9]{1,5}$/.test(code)) throw new InputError(`a close code is a number, not "${code}"`);
  return { type: 'close', closeCode: Number(code), reason };
}

/** Calls a function on a part of a line, and reports its mistakes as mistakes in the line. @throws InputError */
export function fromLine<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    rethrowUnless(error, HexError, ProtocolError);
    throw new InputError(error.message);
  }
}
