// src/kernel/text.ts: strings of validated UTF-8, from the arena and from other buffers, of any length.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK_PTR, SCRATCH_CAPACITY } from '../../../../assembly/shared/layout.js';
import { makeHost } from '../../../../src/bytes/host.js';
import { Arena, arenaFor } from '../../../../src/kernel/arena.js';
import { readText } from '../../../../src/kernel/text.js';
import { bytesOf, concat } from '../../../support/frames/wire.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

describe.each(KERNEL_NAMES)('readText on the %s kernel', (kernel) => {
  const arena = arenaFor(kernel);

  /** The text as it is read from a buffer, and, where it fits, from the arena. */
  function read(text: string, offset = 0): string[] {
    const bytes = bytesOf(text);
    const buffer = concat(new Uint8Array(offset).fill(0x80), bytes, Uint8Array.of(0x80, 0x80));
    const texts = [readText(arena, false, true, buffer, offset, offset + bytes.length)];
    if (offset + bytes.length <= SCRATCH_CAPACITY) {
      arena.bytes.set(bytes, CHUNK_PTR + offset);
      texts.push(readText(arena, false, true, arena.bytes, CHUNK_PTR + offset, CHUNK_PTR + offset + bytes.length));
    }
    return texts;
  }

  function same(text: string, offset = 0): void {
    for (const actual of read(text, offset)) if (actual !== text) expect(actual).toBe(text);
  }

  it('reads any text from anywhere', () => {
    const parts = fc.constantFrom(
      'a',
      '\0',
      '\x7f',
      '\x80',
      'é',
      '\u07ff',
      '\u0800',
      '€',
      '\ufeff',
      '\uffff',
      '🙂',
      '\u{10ffff}',
    );
    const text = fc.oneof(
      fc.array(parts, { maxLength: 100 }).map((all) => all.join('')),
      fc.string({ unit: 'binary', maxLength: 100 }).map((string) => decoder.decode(new TextEncoder().encode(string))),
      fc
        .tuple(fc.nat(100), parts, fc.nat(100))
        .map(([before, part, behind]) => 'x'.repeat(before) + part + 'y'.repeat(behind)),
    );
    fc.assert(
      fc.property(text, fc.nat(20), (value, offset) => {
        same(value, offset);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['a', 'é', '€', '🙂'])('reads %s over and over, through any number of slabs', (character) => {
    const { length } = bytesOf(character);
    for (const size of [SCRATCH_CAPACITY - 4, SCRATCH_CAPACITY, SCRATCH_CAPACITY + 4, 3 * SCRATCH_CAPACITY, 300_000]) {
      for (let lead = 0; lead < 4; lead++) same('x'.repeat(lead) + character.repeat(Math.floor(size / length)));
    }
  });

  it('reads characters that straddle the border of a slab', () => {
    for (const character of ['é', '€', '🙂', '\ufeff']) {
      for (let before = 0; before < 5; before++) {
        same(`${'a'.repeat(SCRATCH_CAPACITY - before)}${character}${'b'.repeat(100)}${character}`);
      }
    }
  });

  it('leaves the bytes as they are', () => {
    const bytes = bytesOf('grün '.repeat(20_000));
    const copy = bytes.slice();
    readText(arena, false, true, bytes, 0, bytes.length);
    expect(Buffer.compare(bytes, copy)).toBe(0);
  });

  it('reads the same with the functions of the web', () => {
    const web = Object.defineProperty(Object.create(Arena.prototype), 'host', { value: makeHost({}) }) as Arena;
    Object.assign(web, { kernel: arena.kernel, bytes: arena.bytes });
    for (const text of ['', 'grün', '\ufeff€', '🙂'.repeat(30_000)]) {
      const bytes = bytesOf(text);
      expect(readText(web, false, true, bytes, 0, bytes.length) === text).toBe(true);
    }
  });
});
