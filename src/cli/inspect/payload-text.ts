// The payload of a frame or a message as people read it: a text in quotes, a close code in words, else hex; of a compressed
// message what it held, where that is known.

import { OPCODE_CLOSE, OPCODE_PING, OPCODE_PONG, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { decodeUtf8, formatHex } from '../../page/bytes.js';
import { closeCodeWords, count, excerpt } from '../../page/frames/words.js';
import { hexOf, quoted } from '../terminal.js';
import type { Inflated } from './conversation/inflater.js';

/** A payload, or its beginning. */
export interface ShownPayload {
  /** Of the message, where the frame is a continuation. */
  readonly opcode: number | undefined;
  readonly isCompressed: boolean;
  /** As sent, unmasked. */
  readonly payload: Uint8Array;
  /** Of the whole. */
  readonly payloadLength: number | bigint | undefined;
  readonly inflated: Inflated | undefined;
}

/** What a payload says; `hex` where it is no text, or is compressed and was not inflated. */
export interface PayloadWords {
  readonly text?: string;
  readonly hex?: string;
  readonly closeCode?: number;
  readonly reason?: string;
  /** This is the beginning only. */
  readonly isCut: boolean;
}

/** @param limit bytes to show */
export function payloadWords(sent: ShownPayload, limit: number): PayloadWords {
  const { opcode, isCompressed, payload, payloadLength } = inflatedOf(sent);
  const shown = payload.subarray(0, limit);
  const isCut = BigInt(payloadLength ?? shown.length) > BigInt(shown.length);
  if (isCompressed) return { hex: hexOf(shown), isCut };
  if (opcode === OPCODE_CLOSE && payload.length >= 2) {
    const closeCode = (payload[0]! << 8) | payload[1]!;
    const reason = decodeUtf8(payload.subarray(2));
    return reason === undefined
      ? { closeCode, hex: hexOf(payload), isCut: false }
      : { closeCode, reason, isCut: false };
  }
  const text = opcode === OPCODE_TEXT || isPrintablePing(opcode, shown) ? decodeUtf8(shown) : undefined;
  return text === undefined ? { hex: hexOf(shown), isCut } : { text, isCut };
}

/** The same on one line. @param width characters for a text; a byte in hex takes three */
export function payloadText(sent: ShownPayload, width: number): string {
  if (sent.inflated === undefined) return shownText(sent, width);
  return `${shownText(inflatedOf(sent), width)} (inflated: ${count(sent.inflated.length, 'byte')})`.trimStart();
}

/** What is to be shown of a message that was inflated. */
function inflatedOf(sent: ShownPayload): ShownPayload {
  if (sent.inflated === undefined) return sent;
  const { length, payload } = sent.inflated;
  return { opcode: sent.opcode, isCompressed: false, payload, payloadLength: length, inflated: undefined };
}

function shownText(payload: ShownPayload, width: number): string {
  const { text, hex, closeCode, reason, isCut } = payloadWords(payload, 4 * width);
  if (payload.payload.length === 0) return '';
  if (closeCode !== undefined) {
    const words = `${closeCode} (${closeCodeWords(closeCode)})`;
    return reason ? `${words} ${quoted(reason)}` : words;
  }
  if (text !== undefined) return quoted(excerpt(isCut ? `${text}…` : text, width));
  const bytes = Math.floor(width / 3);
  const isLong = isCut || hex!.length > 2 * bytes;
  const spaced = formatHex(payload.payload.subarray(0, bytes)) + (isLong ? ' …' : '');
  return payload.isCompressed ? `deflate: ${spaced}` : spaced;
}

/** What a ping carries is any bytes; often they are words. */
function isPrintablePing(opcode: number | undefined, payload: Uint8Array): boolean {
  return (opcode === OPCODE_PING || opcode === OPCODE_PONG) && payload.every((byte) => byte >= 0x20 && byte < 0x7f);
}
