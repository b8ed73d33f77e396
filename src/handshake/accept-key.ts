// Sec-WebSocket-Key and Sec-WebSocket-Accept (RFC 6455 sections 4.1 and 4.2.2).

import { encodeText } from '../bytes/encode-text.js';
import { ALPHABET, encodeBase64 } from './base64.js';
import { compress, expand, resetState, SCHEDULE_LENGTH, STATE_LENGTH, sha1 } from './sha1.js';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY_LENGTH = 24;
const KEY_WORDS = KEY_LENGTH / 4;
const BASE64_OF_16_BYTES = /^[A-Za-z0-9+/]{22}==$/;
const ALPHABET_CODES = encodeText(ALPHABET);

// A key and the GUID are 60 bytes: with the first byte of padding they fill a block of SHA-1, and the second block holds
// nothing but their length in bits. So all of the second schedule is constant, and of the first all but the key's words.
const SECOND_SCHEDULE = secondSchedule();

// Working memory, good for one call.
const firstSchedule = firstBlock();
const state = new Int32Array(STATE_LENGTH);

function firstBlock(): Int32Array {
  const schedule = new Int32Array(SCHEDULE_LENGTH);
  const { buffer, byteOffset } = encodeText(GUID);
  const guid = new DataView(buffer, byteOffset);
  for (let t = KEY_WORDS; t < 15; t++) schedule[t] = guid.getInt32(4 * (t - KEY_WORDS));
  schedule[15] = 0x80000000;
  return schedule;
}

function secondSchedule(): Int32Array {
  const schedule = new Int32Array(SCHEDULE_LENGTH);
  schedule[15] = 8 * (KEY_LENGTH + GUID.length);
  expand(schedule);
  return schedule;
}

/**
 * The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key: the SHA-1 of the key and a fixed GUID, in Base64 (RFC 6455
 * section 4.2.2, step 5.4). Synchronous, and the same on every runtime.
 *
 * @param key the header's value, without white space around it; any string will do, see `isValidKey`
 */
export function acceptKey(key: string): string {
  if (key.length !== KEY_LENGTH) return acceptAnyKey(key);
  let seen = 0;
  for (let t = 0; t < KEY_WORDS; t++) {
    const code0 = key.charCodeAt(4 * t);
    const code1 = key.charCodeAt(4 * t + 1);
    const code2 = key.charCodeAt(4 * t + 2);
    const code3 = key.charCodeAt(4 * t + 3);
    firstSchedule[t] = (code0 << 24) | (code1 << 16) | (code2 << 8) | code3;
    seen |= code0 | code1 | code2 | code3;
  }
  if (seen > 0x7f) return acceptAnyKey(key);
  expand(firstSchedule);
  resetState(state);
  compress(state, firstSchedule);
  compress(state, SECOND_SCHEDULE);
  return encodeState();
}

function acceptAnyKey(key: string): string {
  return encodeBase64(sha1(encodeText(key + GUID)));
}

/** The state's 20 bytes in Base64: all 28 characters at once, which is much faster than joining pieces. */
function encodeState(): string {
  const word0 = state[0]!;
  const word1 = state[1]!;
  const word2 = state[2]!;
  const word3 = state[3]!;
  const word4 = state[4]!;
  return String.fromCharCode(
    code(word0 >>> 26),
    code(word0 >>> 20),
    code(word0 >>> 14),
    code(word0 >>> 8),
    code(word0 >>> 2),
    code((word0 << 4) | (word1 >>> 28)),
    code(word1 >>> 22),
    code(word1 >>> 16),
    code(word1 >>> 10),
    code(word1 >>> 4),
    code((word1 << 2) | (word2 >>> 30)),
    code(word2 >>> 24),
    code(word2 >>> 18),
    code(word2 >>> 12),
    code(word2 >>> 6),
    code(word2),
    code(word3 >>> 26),
    code(word3 >>> 20),
    code(word3 >>> 14),
    code(word3 >>> 8),
    code(word3 >>> 2),
    code((word3 << 4) | (word4 >>> 28)),
    code(word4 >>> 22),
    code(word4 >>> 16),
    code(word4 >>> 10),
    code(word4 >>> 4),
    code(word4 << 2),
    0x3d,
  );
}

function code(bits: number): number {
  return ALPHABET_CODES[bits & 63]!;
}

/** A new Sec-WebSocket-Key: 16 bytes of `crypto.getRandomValues`, in Base64 (RFC 6455 section 4.1). */
export function createKey(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(16)));
}

/**
 * Whether a Sec-WebSocket-Key is 16 bytes in Base64 (RFC 6455 section 4.1, item 7).
 *
 * The four bits under the padding may be anything: clients in use send 22 random characters, RFC 4648 section 3.5 leaves it
 * to the decoder, and RFC 6455 section 4.2.2 has no server decode: what is answered is the text.
 */
export function isValidKey(key: string): boolean {
  return BASE64_OF_16_BYTES.test(key);
}
