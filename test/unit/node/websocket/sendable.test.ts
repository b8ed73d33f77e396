// src/node/websocket/sendable.ts: in which shapes a binary message is handed out.

import { expect, it } from 'vitest';
import { type BinaryType, toBinaryType } from '../../../../src/node/websocket/sendable.js';

const memory = Uint8Array.of(9, 1, 2, 3, 9);
const part = memory.subarray(1, 4);
const bytes = Buffer.from([1, 2, 3]);

it.each<[BinaryType, unknown]>([
  ['nodebuffer', bytes],
  ['arraybuffer', Uint8Array.from(bytes).buffer],
  ['fragments', [bytes]],
])('part of a larger buffer, as %s, is those bytes alone', (binaryType, expected) => {
  expect(toBinaryType(part, binaryType)).toStrictEqual(expected);
});

it('as blob too', async () => {
  const blob = toBinaryType(part, 'blob') as Blob;
  expect(blob).toBeInstanceOf(Blob);
  expect(Buffer.from(await blob.arrayBuffer())).toEqual(bytes);
});

it('a buffer of its own is handed out without a copy', () => {
  const whole = Uint8Array.of(1, 2, 3);
  expect(toBinaryType(whole, 'arraybuffer')).toBe(whole.buffer);
  expect((toBinaryType(whole, 'nodebuffer') as Buffer).buffer).toBe(whole.buffer);
});
