// What the numbers of RFC 6455 mean, in words, and the sentences made of them. Knows no DOM.

import {
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} from '../../../assembly/shared/protocol.js';

const OPCODES: ReadonlyMap<number, string> = new Map([
  [OPCODE_CONTINUATION, 'continuation'],
  [OPCODE_TEXT, 'text'],
  [OPCODE_BINARY, 'binary'],
  [OPCODE_CLOSE, 'close'],
  [OPCODE_PING, 'ping'],
  [OPCODE_PONG, 'pong'],
]);

/** Section 7.4.1, and the registry of IANA that it founds. */
const CLOSE_CODES: ReadonlyMap<number, string> = new Map([
  [1000, 'normal closure'],
  [1001, 'going away'],
  [1002, 'protocol error'],
  [1003, 'unsupported data'],
  [1004, 'reserved, may not be sent'],
  [1005, 'no code was given; never on the wire'],
  [1006, 'the connection ended without a Close frame; never on the wire'],
  [1007, 'invalid payload data'],
  [1008, 'policy violation'],
  [1009, 'message too big'],
  [1010, 'an extension is missing'],
  [1011, 'internal error'],
  [1012, 'service restart'],
  [1013, 'try again later'],
  [1014, 'bad gateway'],
  [1015, 'TLS handshake failed; never on the wire'],
]);

export function opcodeWords(opcode: number): string {
  return OPCODES.get(opcode) ?? 'reserved';
}

export function closeCodeWords(closeCode: number): string {
  const words = CLOSE_CODES.get(closeCode);
  if (words !== undefined) return words;
  if (closeCode >= 3000 && closeCode <= 3999) return 'for libraries and frameworks, registered with IANA';
  if (closeCode >= 4000 && closeCode <= 4999) return 'for private use';
  return 'may not be sent';
}

export function count(number: number | bigint, singular: string, plural = `${singular}s`): string {
  return `${number.toLocaleString('en')} ${Number(number) === 1 ? singular : plural}`;
}

/** `text`, cut for a line of a list, though not inside a surrogate pair. */
export function excerpt(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…` : text;
}
