// Entries as JSON for programs, one object a line. The names are part of the interface: `wsimd inspect --help` tells them.

import { opcodeWords } from '../../page/frames/words.js';
import { hexOf, printableJson } from '../terminal.js';
import type { Entry } from './entries.js';
import { payloadWords } from './payload-text.js';
import { dateOf } from './text-lines.js';

/** @param limit bytes of a payload to tell */
export function jsonLine(entry: Entry, limit: number): string {
  return printableJson(plain(entry, limit));
}

function plain(entry: Entry, limit: number): Record<string, unknown> {
  const time = entry.time === undefined ? undefined : dateOf(entry.time);
  if (entry.type === 'connection') {
    const { number, client, server, isWhole } = entry.info;
    return { type: entry.type, connection: number, time, client, server, isWhole };
  }
  const { type, connection, from } = entry;
  const place = { type, connection, time, from };
  switch (entry.type) {
    case 'request':
    case 'response':
      return { ...place, offset: entry.offset, startLine: entry.startLine, headers: [...entry.headers] };
    case 'frame': {
      const { offset, fin, rsv1, rsv2, rsv3, opcode, maskingKey, isCompressed, isCut, isRefused } = entry;
      // As sent: what a compressed message held, its message tells.
      const shown = { ...entry, opcode: entry.messageOpcode ?? opcode, inflated: undefined };
      return {
        ...place,
        ...{ offset, fin, rsv1, rsv2, rsv3, opcode, name: opcodeWords(opcode), isCompressed, isCut, isRefused },
        maskingKey: maskingKey === undefined ? null : hexOf(maskingKey),
        payloadLength: lengthOf(entry.payloadLength),
        payload: payloadWords(shown, limit),
      };
    }
    case 'message': {
      const { offset, opcode, frames, payloadLength, isCompressed, inflated } = entry;
      return {
        ...place,
        ...{ offset, opcode, name: opcodeWords(opcode), frames, isCompressed, payloadLength },
        ...(isCompressed ? { inflatedLength: inflated?.length ?? null } : {}),
        payload: payloadWords(entry, limit),
      };
    }
    case 'violation': {
      const { code, message, offset, closeCode } = entry;
      return { ...place, offset, code, message, closeCode };
    }
    case 'note':
      return { ...place, text: entry.text };
  }
}

/** A number where JSON's readers have one that is exact, else its digits. */
function lengthOf(length: number | bigint | undefined): number | string | null {
  if (length === undefined) return null;
  return length <= Number.MAX_SAFE_INTEGER ? Number(length) : String(length);
}
