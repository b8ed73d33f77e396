// SHA-1 (FIPS 180-4), for the accept key of the handshake. It is synchronous, which `crypto.subtle` is not. It protects nothing: no
// secret may depend on SHA-1.

/** Words in the message schedule of one block; the first 16 are the block itself. */
export const SCHEDULE_LENGTH = 80;

/** Words in the state, and in the digest. */
export const STATE_LENGTH = 5;

const BLOCK_LENGTH = 64;
const LENGTH_FIELD = 8;

// Working memory of one call, shared by all calls: typed arrays of more than 64 bytes are expensive to make.
const state = new Int32Array(STATE_LENGTH);
const schedule = new Int32Array(SCHEDULE_LENGTH);
const tail = new Uint8Array(2 * BLOCK_LENGTH);

/** The 20-byte SHA-1 digest of `bytes`. */
export function sha1(bytes: Uint8Array): Uint8Array {
  resetState(state);
  const tailStart = bytes.length - (bytes.length % BLOCK_LENGTH);
  for (let offset = 0; offset < tailStart; offset += BLOCK_LENGTH) takeBlock(bytes, offset);

  const tailLength = padTail(bytes, tailStart);
  for (let offset = 0; offset < tailLength; offset += BLOCK_LENGTH) takeBlock(tail, offset);

  const digest = new Uint8Array(4 * STATE_LENGTH);
  for (let i = 0; i < STATE_LENGTH; i++) writeWord(digest, 4 * i, state[i]!);
  return digest;
}

/** Writes the bytes from `start` on, the padding and the length into `tail` (section 5.1.1): one or two blocks. */
function padTail(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  const tailLength = length - start < BLOCK_LENGTH - LENGTH_FIELD ? BLOCK_LENGTH : 2 * BLOCK_LENGTH;
  tail.fill(0);
  for (let i = start; i < length; i++) tail[i - start] = bytes[i]!;
  tail[length - start] = 0x80;
  writeWord(tail, tailLength - 8, length / 2 ** 29);
  writeWord(tail, tailLength - 4, length << 3);
  return tailLength;
}

function takeBlock(bytes: Uint8Array, offset: number): void {
  for (let t = 0; t < 16; t++) {
    const i = offset + 4 * t;
    schedule[t] = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!;
  }
  expand(schedule);
  compress(state, schedule);
}

function writeWord(bytes: Uint8Array, offset: number, word: number): void {
  bytes[offset] = word >>> 24;
  bytes[offset + 1] = word >>> 16;
  bytes[offset + 2] = word >>> 8;
  bytes[offset + 3] = word;
}

/** Sets the state that a digest starts from (section 5.3.1). */
export function resetState(state: Int32Array): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
}

/** Fills a message schedule from its first 16 words (section 6.1.2, step 1). */
export function expand(schedule: Int32Array): void {
  // Sixteen locals instead of four loads a word: twice as fast.
  let w0 = schedule[0]!;
  let w1 = schedule[1]!;
  let w2 = schedule[2]!;
  let w3 = schedule[3]!;
  let w4 = schedule[4]!;
  let w5 = schedule[5]!;
  let w6 = schedule[6]!;
  let w7 = schedule[7]!;
  let w8 = schedule[8]!;
  let w9 = schedule[9]!;
  let w10 = schedule[10]!;
  let w11 = schedule[11]!;
  let w12 = schedule[12]!;
  let w13 = schedule[13]!;
  let w14 = schedule[14]!;
  let w15 = schedule[15]!;
  for (let t = 16; t < SCHEDULE_LENGTH; t += 16) {
    schedule[t] = w0 = rotateLeft(w0 ^ w2 ^ w8 ^ w13, 1);
    schedule[t + 1] = w1 = rotateLeft(w1 ^ w3 ^ w9 ^ w14, 1);
    schedule[t + 2] = w2 = rotateLeft(w2 ^ w4 ^ w10 ^ w15, 1);
    schedule[t + 3] = w3 = rotateLeft(w3 ^ w5 ^ w11 ^ w0, 1);
    schedule[t + 4] = w4 = rotateLeft(w4 ^ w6 ^ w12 ^ w1, 1);
    schedule[t + 5] = w5 = rotateLeft(w5 ^ w7 ^ w13 ^ w2, 1);
    schedule[t + 6] = w6 = rotateLeft(w6 ^ w8 ^ w14 ^ w3, 1);
    schedule[t + 7] = w7 = rotateLeft(w7 ^ w9 ^ w15 ^ w4, 1);
    schedule[t + 8] = w8 = rotateLeft(w8 ^ w10 ^ w0 ^ w5, 1);
    schedule[t + 9] = w9 = rotateLeft(w9 ^ w11 ^ w1 ^ w6, 1);
    schedule[t + 10] = w10 = rotateLeft(w10 ^ w12 ^ w2 ^ w7, 1);
    schedule[t + 11] = w11 = rotateLeft(w11 ^ w13 ^ w3 ^ w8, 1);
    schedule[t + 12] = w12 = rotateLeft(w12 ^ w14 ^ w4 ^ w9, 1);
    schedule[t + 13] = w13 = rotateLeft(w13 ^ w15 ^ w5 ^ w10, 1);
    schedule[t + 14] = w14 = rotateLeft(w14 ^ w0 ^ w6 ^ w11, 1);
    schedule[t + 15] = w15 = rotateLeft(w15 ^ w1 ^ w7 ^ w12, 1);
  }
}

/** Adds one block, given as its expanded schedule, to the state (section 6.1.2, steps 2 to 4). */
export function compress(state: Int32Array, schedule: Int32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let t = 0; t < 20; t++) {
    const next = (((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + e + schedule[t]! + 0x5a827999) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let t = 20; t < 40; t++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + schedule[t]! + 0x6ed9eba1) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let t = 40; t < 60; t++) {
    const next = (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + e + schedule[t]! + 0x8f1bbcdc) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let t = 60; t < 80; t++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + schedule[t]! + 0xca62c1d6) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
}

function rotateLeft(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}
