// What the feed of `wsimd proxy` tells, one JSON object a message, as rows of a list. Knows no DOM.

import { FIN, LENGTH_16, LENGTH_64, MASKED, MAX_LENGTH_7, MAX_LENGTH_16 } from '../../../assembly/shared/protocol.js';

/** A payload, or its beginning: a text, a close code with its reason, or bytes in hex. */
export interface Content {
  readonly text?: string;
  readonly hex?: string;
  readonly closeCode?: number;
  readonly reason?: string;
  readonly isCut: boolean;
}

/** An object of the feed; which members it has depends on its type. */
export interface FeedEntry {
  readonly type: string;
  /** A number, or the name of the page's own connection. */
  readonly connection?: number | string;
  readonly time?: string;
  readonly from?: 'client' | 'server';
  readonly offset?: number;
  readonly name?: string;
  readonly opcode?: number;
  readonly fin?: boolean;
  readonly rsv1?: boolean;
  readonly rsv2?: boolean;
  readonly rsv3?: boolean;
  readonly maskingKey?: string | null;
  readonly payloadLength?: number | string | null;
  readonly inflatedLength?: number | null;
  readonly isRefused?: boolean;
  readonly frames?: number;
  readonly payload?: Content;
  readonly startLine?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly code?: string;
  readonly message?: string;
  readonly closeCode?: number;
  readonly text?: string;
  readonly client?: string;
  readonly server?: string;
}

/** A row: an entry, and for the frame that ends a message, the message. */
export interface Row {
  readonly entry: FeedEntry;
  whole: FeedEntry | undefined;
}

/** What the list can be narrowed to. */
export interface Filter {
  /** The number of a connection. */
  readonly connection: string;
  readonly from: string;
  /** The name of an opcode, or `error`. */
  readonly kind: string;
  /** In lower case. */
  readonly text: string;
}

export function matches(row: Row, { connection, from, kind, text }: Filter): boolean {
  const { entry } = row;
  if (connection !== '' && String(entry.connection) !== connection) return false;
  if (from !== '' && entry.from !== from) return false;
  if (kind === 'error' && !isError(entry)) return false;
  if (kind !== '' && kind !== 'error' && entry.name !== kind) return false;
  return text === '' || `${entry.name ?? entry.type} ${contentOf(row)}`.toLowerCase().includes(text);
}

export function isError(entry: FeedEntry): boolean {
  return entry.type === 'violation' || entry.type === 'error' || entry.isRefused === true;
}

/** A frame, or a message of the page's own connection, whose frames a browser does not show. */
export function isMessage({ type }: FeedEntry): boolean {
  return type === 'frame' || type === 'direct';
}

/** What a row says, on one line. */
export function contentOf({ entry, whole }: Row): string {
  switch (entry.type) {
    case 'connection':
      return `${entry.client} → ${entry.server}`;
    case 'request':
    case 'response':
      return entry.startLine ?? '';
    case 'violation':
      return `${entry.code}: ${entry.message} (byte ${entry.offset})`;
    case 'frame':
    case 'direct':
      return payloadLine((whole?.payload ?? entry.payload) as Content);
    default:
      return entry.text ?? '';
  }
}

function payloadLine({ text, hex, closeCode, reason, isCut }: Content): string {
  if (closeCode !== undefined) return `${closeCode} ${reason ?? ''}`.trimEnd();
  return `${text === undefined ? (hex ?? '').replace(/(..)(?=.)/g, '$1 ') : JSON.stringify(text)}${isCut ? ' …' : ''}`;
}

/** Bytes sent for each byte of the message, of one that is compressed. */
export function ratioOf({ whole }: Row): string {
  const { inflatedLength, payloadLength } = whole ?? {};
  if (!inflatedLength || typeof payloadLength !== 'number') return '';
  return (payloadLength / inflatedLength).toFixed(2);
}

/** The header of a frame, rebuilt from the entry's fields. */
export function headerOf(entry: FeedEntry): Uint8Array {
  const { fin, rsv1, rsv2, rsv3, opcode = 0, maskingKey, payloadLength } = entry;
  const bits = [fin, rsv1, rsv2, rsv3].reduce((sum, isSet, i) => sum | (isSet ? FIN >> i : 0), 0);
  const length = BigInt(payloadLength ?? 0);
  const size = length > MAX_LENGTH_16 ? 8 : length > MAX_LENGTH_7 ? 2 : 0;
  const short = size === 8 ? LENGTH_64 : size === 2 ? LENGTH_16 : Number(length);
  const extended = Array.from({ length: size }, (_, i) => Number((length >> BigInt(8 * (size - 1 - i))) & 0xffn));
  const key = maskingKey ? (maskingKey.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16)) : [];
  return Uint8Array.of(bits | opcode, (maskingKey ? MASKED : 0) | short, ...extended, ...key);
}
