// src/bytes/host.ts: Node's functions and the web's do the same to strings and bytes.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { getHost, type Host, makeHost, partOf, portableUtf8Length } from '../../../src/bytes/host.js';
import { bytesOf, concat } from '../../support/frames/wire.js';

const node = makeHost();
const web = makeHost({});
const HOSTS: readonly (readonly [string, Host])[] = [
  ['node', node],
  ['web', web],
];

/** Any string: all planes, lone surrogates, byte order marks, long runs. */
const anyString = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        'a',
        '\0',
        '\x7f',
        '\x80',
        'é',
        '\u07ff',
        '\u0800',
        '€',
        '\ufeff',
        '\ud800',
        '\udbff',
        '\udc00',
        '🙂',
      ),
    )
    .map((parts) => parts.join('')),
  fc.array(fc.nat(0xffff), { maxLength: 50 }).map((units) => String.fromCharCode(...units)),
  fc.nat(3000).map((length) => 'long'.repeat(length)),
);

describe('makeHost', () => {
  it('takes what Node has where all of it is there, and the web otherwise', () => {
    expect(getHost()).toBe(getHost());
    expect(makeHost({ Buffer }).readAscii).not.toBe(makeHost({}).readAscii);
    expect([typeof node.readUtf16, typeof web.readUtf16]).toEqual(['function', 'undefined']);
    for (const incomplete of [{ Buffer: undefined }, { Buffer: {} }, { Buffer: class {} }, { Buffer: Uint8Array }]) {
      const host = makeHost(incomplete);
      expect(host.readUtf16).toBeUndefined();
    }
  });

  it.each(['allocUnsafeSlow', 'byteLength', 'isBuffer', Symbol.species])(
    'does without a Buffer that has no %s',
    (name) => {
      const Partial = Object.defineProperty(Object.create(Buffer), name, { value: undefined });
      const host = makeHost({ Buffer: Partial });
      expect(host.readUtf16).toBeUndefined();
    },
  );

  it.each(['latin1Slice', 'utf8Slice', 'ucs2Slice', 'utf8Write'])(
    'does without a Buffer whose prototype has no %s',
    (name) => {
      const prototype = Object.defineProperty(Object.create(Buffer.prototype), name, { value: undefined });
      const Partial = Object.defineProperty(Object.create(Buffer), 'prototype', { value: prototype });
      const host = makeHost({ Buffer: Partial });
      expect(host.readUtf16).toBeUndefined();
    },
  );
});

describe('both hosts', () => {
  it('write the same bytes of any string, as many as they said', () => {
    fc.assert(
      fc.property(anyString, fc.nat(20), (text, offset) => {
        const expected = new TextEncoder().encode(text);
        expect(portableUtf8Length(text)).toBe(expected.length);
        for (const [name, host] of HOSTS) {
          const target = new Uint8Array(offset + expected.length + 10).fill(0xcc);
          expect(host.utf8Length(text), name).toBe(expected.length);
          expect(host.writeUtf8(text, target, offset), name).toBe(expected.length);
          expect(Buffer.compare(target.subarray(offset, offset + expected.length), expected), name).toBe(0);
          const isPoison = (byte: number) => byte === 0xcc;
          expect(target.subarray(0, offset).every(isPoison), name).toBe(true);
          expect(target.subarray(offset + expected.length).every(isPoison), name).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('write into exactly as much room as it takes', () => {
    for (const text of ['', 'a', 'é', '€', '🙂', '\ud800', 'a🙂b', '€'.repeat(100)]) {
      const { length } = new TextEncoder().encode(text);
      for (const [name, host] of HOSTS) {
        const target = new Uint8Array(length);
        expect(host.writeUtf8(text, target, 0), name).toBe(length);
        expect(target).toEqual(new TextEncoder().encode(text));
      }
    }
  });

  it('read the same string of any text, from anywhere in a buffer', () => {
    fc.assert(
      fc.property(anyString, fc.nat(20), fc.nat(20), (text, before, behind) => {
        const bytes = new TextEncoder().encode(text);
        const buffer = new Uint8Array(before + bytes.length + behind).fill(0x41);
        buffer.set(bytes, before);
        for (const [name, host] of HOSTS) {
          const read = host.readUtf8(buffer, before, before + bytes.length);
          expect(read, name).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('read ASCII', () => {
    const ascii = Uint8Array.from({ length: 128 }, (_, i) => i);
    const expected = String.fromCharCode(...ascii);
    for (const [name, host] of HOSTS) {
      expect(host.readAscii(ascii, 0, 128), name).toBe(expected);
      expect(host.readAscii(ascii, 65, 70), name).toBe('ABCDE');
      expect(host.readAscii(ascii, 5, 5), name).toBe('');
    }
  });

  it('read ASCII of every length, by whichever way is quickest for it', () => {
    const bytes = Uint8Array.from({ length: 400 }, (_, i) => (i * 37) % 128);
    for (const [name, host] of HOSTS) {
      for (let length = 0; length < 200; length++) {
        const start = length % 11;
        const text = Buffer.from(bytes).toString('latin1', start, start + length);
        expect(host.readAscii(bytes, start, start + length), name).toBe(text);
      }
    }
  });

  it('read UTF-16 where that is a plain copy, from odd addresses too', () => {
    expect(web.readUtf16).toBeUndefined();
    for (const text of ['', 'a', 'grün', '🙂', '\ufeff', '\ud800', '\uffff\0']) {
      for (const offset of [0, 1, 2, 3]) {
        const bytes = concat(new Uint8Array(offset), Buffer.from(text, 'utf16le'), Uint8Array.of(0x41));
        expect(node.readUtf16?.(bytes, offset, offset + text.length * 2)).toBe(text);
      }
    }
  });

  it('keep a byte order mark', () => {
    const bytes = bytesOf('\ufeffx\ufeff');
    for (const [, host] of HOSTS) expect(host.readUtf8(bytes, 0, bytes.length)).toBe('\ufeffx\ufeff');
  });

  it('put U+FFFD where bytes are no UTF-8 (nobody validated them)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(node.readUtf8(bytes, 0, bytes.length)).toBe(web.readUtf8(bytes, 0, bytes.length));
      }),
    );
  });

  it.each([0, 1, 100, 1024, 1025, 8192, 100_000])('allocate %i bytes that nobody else has', (length) => {
    for (const [name, host] of HOSTS) {
      const buffers = Array.from({ length: 20 }, () => host.allocate(length));
      for (const [i, bytes] of buffers.entries()) {
        expect(bytes.constructor, name).toBe(Uint8Array);
        expect(bytes.length).toBe(length);
        bytes.fill(i);
      }
      for (const [i, bytes] of buffers.entries()) expect(bytes.every((byte) => byte === i)).toBe(true);
    }
  });

  it('allocate on, whatever becomes of a buffer that was given away', () => {
    for (const [, host] of HOSTS) {
      const { buffer } = host.allocate(100);
      try {
        structuredClone(buffer, { transfer: [buffer] });
      } catch {
        // A host may mark memory that is shared as not to be transferred.
      }
      for (let i = 0; i < 20; i++) expect(host.allocate(100).fill(1).length).toBe(100);
    }
  });

  it.each([0, 1, 64, 65, 100, 1024, 1025, 100_000])('copy %i bytes, each copy by itself', (length) => {
    for (const [name, host] of HOSTS) {
      const source = Uint8Array.from({ length }, (_, i) => i);
      const copies = Array.from({ length: length > 2000 ? 4 : 200 }, () => host.copy(source));
      for (const [i, copy] of copies.entries()) {
        expect(copy.constructor, name).toBe(Uint8Array);
        expect(Buffer.compare(copy, source)).toBe(0);
        copy.fill(i);
      }
      source.fill(255);
      for (const [i, copy] of copies.entries()) expect(copy.every((byte) => byte === i)).toBe(true);
    }
  });

  it('copy where Buffers have no common memory', () => {
    const { poolSize } = Buffer;
    Buffer.poolSize = 0;
    try {
      const { copy } = makeHost();
      for (let i = 0; i < 200; i++) expect(copy(new Uint8Array(100).fill(i))).toEqual(new Uint8Array(100).fill(i));
    } finally {
      Buffer.poolSize = poolSize;
    }
  });

  it.each([0, 100, 1000])('copy where the common memory of Buffers becomes one of %i bytes', (length) => {
    const { poolSize } = Buffer;
    const { copy } = makeHost();
    copy(new Uint8Array(1000));
    Buffer.poolSize = length;
    let total = 0;
    try {
      for (let i = 0; i < 200; i++) {
        const bytes = new Uint8Array(100 + 4 * i).fill(i);
        const copied = copy(bytes);
        expect(copied).toEqual(bytes);
        total += copied.length;
        // Less than half of the memory that was common before can be left. A copy beyond that has a buffer of its own.
        if (total > poolSize / 2 && length === 0) expect(copied.buffer.byteLength).toBe(copied.length);
      }
      expect(total).toBeGreaterThan(poolSize / 2);
    } finally {
      Buffer.poolSize = poolSize;
    }
  });

  it.each([0, 1, 24, 25, 1000])('copy %i bytes into another buffer, and none beside', (length) => {
    for (const [name, host] of HOSTS) {
      const source = Uint8Array.from({ length: length + 7 }, (_, i) => i);
      const target = new Uint8Array(length + 9).fill(0xa5);
      host.copyInto(source, 3, 3 + length, target, 5);
      expect(Buffer.compare(target.subarray(5, 5 + length), source.subarray(3, 3 + length)), name).toBe(0);
      expect([...target.subarray(0, 5), ...target.subarray(5 + length)], name).toEqual(new Array(9).fill(0xa5));
    }
  });

  it('say which class the parts of a buffer have', () => {
    expect(node.bytesClass(new Uint8Array(1))).toBe(Uint8Array);
    expect(web.bytesClass(Buffer.alloc(1))).toBe(Uint8Array);
    const Bytes = node.bytesClass(Buffer.alloc(1));
    const part = new Bytes(new ArrayBuffer(8), 2, 3);
    expect(Buffer.isBuffer(part)).toBe(true);
    expect(part).toMatchObject({ byteOffset: 2, length: 3 });
  });

  it('view a part of a buffer as what the buffer is', () => {
    const bytes = Uint8Array.from([0, 1, 2, 3, 4, 5]).subarray(1);
    const part = partOf(node, bytes, 1, 3);
    expect([part.constructor, part.buffer, ...part]).toEqual([Uint8Array, bytes.buffer, 2, 3, 4]);
    const buffer = Buffer.from('buffer');
    expect(partOf(node, buffer, 2, 3)).toEqual(Buffer.from('ffe'));
    expect(partOf(web, buffer, 2, 3)).toEqual(bytesOf('ffe'));
  });
});
