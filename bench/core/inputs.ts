// What the subjects are given: payloads and streams of frames, the same in every run of the benchmark and varied within one.
// It must not know the codec, so that what is delivered can be compared with what went in.

import { MAX_HEADER_LENGTH, OPCODE_BINARY, OPCODE_CONTINUATION, OPCODE_TEXT } from '../../assembly/shared/protocol.js';
import { Digest } from './digest.js';
import { makeFrame } from './frames.js';

/** What a payload is made of; all but `binary` are valid UTF-8. `json`: like it, until it is cut off. */
export type Content = 'binary' | 'ascii' | 'latin' | 'cjk' | 'json';

/** The size of what a socket delivers at most in one read of Node. */
export const CHUNK_LENGTH = 64 * 1024;
/** What one run of a decoder is given: eight chunks stay in the second-level cache, as bytes fresh from a socket do. */
const STREAM_LENGTH = 8 * CHUNK_LENGTH;
const MAX_MESSAGES = 32 * 1024;
const MAX_BYTE_CHUNKS = 4 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A generator with a seed (mulberry32): good enough to be unlearnable, and the same everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** The next 32 bits, as an unsigned number. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (bits ^ (bits >>> 14)) >>> 0;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + (this.next() % (high - low + 1));
  }

  bytes(length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i++) words[i] = this.next();
    return new Uint8Array(words.buffer, 0, length);
  }
}

/** Payload bytes of exactly this length; a text that does not come out even is filled up with ASCII. */
export function makePayload(content: Content, length: number, random: Random): Uint8Array {
  if (content === 'binary') return random.bytes(length);
  if (content === 'json') return makeJson(length, random);
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const codePoint = makeCodePoint(content, random);
    if (codePoint < 0x80) {
      bytes[at++] = codePoint;
      continue;
    }
    const character = encoder.encode(String.fromCodePoint(codePoint));
    if (at + character.length <= length) {
      bytes.set(character, at);
      at += character.length;
    } else {
      bytes[at++] = 0x2e;
    }
  }
  return bytes;
}

const EVENTS = ['trade', 'quote', 'cancel', 'order', 'status', 'message', 'typing', 'presence'];
const WORDS = ['alpha', 'market', 'update', 'hello', 'room', 'value', 'north', 'closed', 'pending', 'ready'];

/** What a ticker or a chat sends: names that come again and again, and values that do not. */
function makeJson(length: number, random: Random): Uint8Array {
  const pick = (words: readonly string[]) => words[random.between(0, words.length - 1)]!;
  let text = '';
  while (text.length < length) {
    const price = random.between(100, 99999) / 100;
    const words = Array.from({ length: random.between(2, 6) }, () => pick(WORDS)).join(' ');
    text += `{"type":"${pick(EVENTS)}","id":${random.next()},"price":${price},"user":"${pick(WORDS)}${random.between(1, 999)}","text":"${words}","ok":${random.next() % 2 === 0}}`;
  }
  return encoder.encode(text.slice(0, length));
}

function makeCodePoint(content: Content, random: Random): number {
  switch (content) {
    case 'cjk':
      return random.between(0x4e00, 0x9fa5);
    case 'latin':
      // Every third letter with a diacritic: more than any language has, so that no run of ASCII is long.
      return random.between(0, 2) === 0 ? random.between(0xc0, 0x17f) : random.between(0x61, 0x7a);
    default:
      return random.between(0x20, 0x7e);
  }
}

export function makePayloads(content: Content, length: number, count: number, seed = 1): Uint8Array[] {
  const random = new Random(seed + length);
  return Array.from({ length: count }, () => makePayload(content, length, random));
}

export function toText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** A client's bytes in chunks, and what a server must make of them. */
export interface Stream {
  readonly chunks: readonly Uint8Array[];
  readonly messages: number;
  /** Bytes of payload. */
  readonly bytes: number;
  readonly expected: string;
}

/** Where a stream is cut: into chunks of 64 KiB, so that frames straddle them; after each message; after each byte. */
export type Cut = 'stream' | 'frames' | 'bytes';

/** What a stream is beside its content. */
export interface StreamOptions {
  /** A client's frames are, with a key each (default); a server's are not. */
  readonly isMasked?: boolean;
  /** The length of the fragments that each message comes in; default: a frame each. */
  readonly fragmentLength?: number;
}

/** Messages of one length, a frame each unless the options say otherwise. */
export function makeStream(content: Content, length: number, cut: Cut, options: StreamOptions = {}): Stream {
  const random = new Random(length);
  const opcode = content === 'binary' ? OPCODE_BINARY : OPCODE_TEXT;
  const expected = new Digest();
  const messages: Uint8Array[] = [];
  // So many that the last chunk is nearly full too, and of single frames or bytes no more than a run of a millisecond.
  const most = cut === 'frames' ? 512 : MAX_MESSAGES;
  const room = Math.max(cut === 'bytes' ? MAX_BYTE_CHUNKS : STREAM_LENGTH, 2 * (length + MAX_HEADER_LENGTH));
  let total = 0;
  for (;;) {
    const payload = makePayload(content, length, random);
    const message = makeMessage(opcode, payload, random, options);
    if (total + message.length > room || messages.length === most) break;
    expected.add(payload).end(opcode);
    messages.push(message);
    total += message.length;
  }
  return {
    chunks: cut === 'frames' ? messages : cutAt(join(messages, total), cut === 'bytes' ? 1 : CHUNK_LENGTH),
    messages: messages.length,
    bytes: messages.length * length,
    expected: expected.toString(),
  };
}

/** The frame of a message, or all of its fragments. */
function makeMessage(opcode: number, payload: Uint8Array, random: Random, options: StreamOptions): Uint8Array {
  const { isMasked = true, fragmentLength = payload.length } = options;
  const key = () => (isMasked ? random.bytes(4) : undefined);
  if (fragmentLength >= payload.length) return makeFrame(opcode, payload, key());
  const frames: Uint8Array[] = [];
  let total = 0;
  for (let start = 0; start < payload.length; start += fragmentLength) {
    const end = start + fragmentLength;
    const piece = payload.subarray(start, end);
    const frame = makeFrame(start === 0 ? opcode : OPCODE_CONTINUATION, piece, key(), end >= payload.length);
    frames.push(frame);
    total += frame.length;
  }
  return join(frames, total);
}

function join(parts: readonly Uint8Array[], total: number): Uint8Array {
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function cutAt(stream: Uint8Array, length: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < stream.length; start += length) chunks.push(stream.subarray(start, start + length));
  return chunks;
}

/** How many calls a run has, where one call takes this many bytes: a run is to take much longer than reading the clock. */
export function callsFor(length: number): number {
  return Math.max(length > 2 * CHUNK_LENGTH ? 4 : 16, Math.min(1024, Math.floor((1024 * 1024) / length)));
}

/**
 * Where in a region of 64 KiB pieces of this length lie, each aligned to 64 bytes, so that calls in turn meet different bytes: a
 * power of two of them.
 */
export function makePlaces(length: number): number[] {
  const stride = Math.ceil((length + 16) / 64) * 64;
  const fitting = Math.max(1, Math.min(16, Math.floor(CHUNK_LENGTH / stride)));
  const count = 2 ** Math.floor(Math.log2(fitting));
  return Array.from({ length: count }, (_, i) => i * stride);
}
