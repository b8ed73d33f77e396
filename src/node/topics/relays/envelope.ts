// A relayed message as bytes, with the place that it has among those of its publisher.
//
//    0      1              9                15               19
//   ┌──────┬──────────────┬────────────────┬────────────────┬───────┬──────┐
//   │ kind │ publisher    │ number         │ topic's length │ topic │ data │
//   └──────┴──────────────┴────────────────┴────────────────┴───────┴──────┘

import { Buffer } from 'node:buffer';
import type { RelayedMessage } from '../../../topics/relay.js';

export const TEXT = 0;
export const BINARY = 1;
/** Asks every publisher for its position. */
export const ASK = 2;
/** The number of the last message that was published. */
export const POSITION = 3;

const PUBLISHER_LENGTH = 8;
const HEADER_LENGTH = 19;
/** Numbers have 48 bits. */
const NUMBER_LENGTH = 6;

export interface Envelope {
  readonly kind: number;
  /** Hexadecimal. */
  readonly publisher: string;
  readonly number: number;
  readonly topic: string;
  readonly data: Buffer;
}

/** @param publisher 16 hexadecimal digits */
export function writeEnvelope(kind: number, publisher: string, number: number, message?: RelayedMessage): Buffer {
  const topic = Buffer.from(message?.topic ?? '');
  const data = typeof message?.data === 'string' ? Buffer.from(message.data) : (message?.data ?? Buffer.alloc(0));
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = kind;
  header.write(publisher, 1, PUBLISHER_LENGTH, 'hex');
  header.writeUIntBE(number, 1 + PUBLISHER_LENGTH, NUMBER_LENGTH);
  header.writeUInt32BE(topic.length, HEADER_LENGTH - 4);
  return Buffer.concat([header, topic, data]);
}

/** @returns undefined for bytes that are no envelope */
export function readEnvelope(bytes: Buffer): Envelope | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const kind = bytes[0]!;
  const topicLength = bytes.readUInt32BE(HEADER_LENGTH - 4);
  if (kind > POSITION || bytes.length < HEADER_LENGTH + topicLength) return undefined;
  return {
    kind,
    publisher: bytes.toString('hex', 1, 1 + PUBLISHER_LENGTH),
    number: bytes.readUIntBE(1 + PUBLISHER_LENGTH, NUMBER_LENGTH),
    topic: bytes.toString('utf8', HEADER_LENGTH, HEADER_LENGTH + topicLength),
    data: bytes.subarray(HEADER_LENGTH + topicLength),
  };
}
