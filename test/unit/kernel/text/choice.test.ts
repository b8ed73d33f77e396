// src/kernel/text.ts: which texts the host decodes and which the kernel transcodes, and that the strings are the same either way.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CHUNK_PTR, SCRATCH_CAPACITY } from '../../../../assembly/shared/layout.js';
import { type Host, makeHost } from '../../../../src/bytes/host.js';
import { HOST_UTF8_LENGTH } from '../../../../src/bytes/thresholds.js';
import { MessageDecoder } from '../../../../src/index.js';
import { Arena, arenaFor } from '../../../../src/kernel/arena.js';
import { readText } from '../../../../src/kernel/text.js';
import { bytesOf, concat, stream, TEXT, wire } from '../../../support/frames/wire.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';

const HOSTS = [
  ['that decodes UTF-8 fast', makeHost({ Buffer, process: { versions: { v8: '13.6.233.17-node.51' } } })],
  ['that decodes UTF-8 slowly', makeHost({ Buffer, process: { versions: { v8: '12.4.254.21-node.33' } } })],
] as const;

const CHARACTERS = { Latin: 'é', Cyrillic: 'ж', CJK: '漢', emoji: '🙂', mixed: 'a漢é🙂漢字仮名交', marks: '\ufeff' };

/** A text of exactly so many bytes in UTF-8, filled up with ASCII behind. */
function textOf(characters: string, length: number, start = ''): string {
  const room = length - bytesOf(start).length;
  const count = Math.floor(room / bytesOf(characters).length);
  return start + characters.repeat(count) + '.'.repeat(room - count * bytesOf(characters).length);
}

const around = (length: number, reach: number) => Array.from({ length: 2 * reach + 1 }, (_, i) => length - reach + i);

test.each([
  ['13.6.233.17-node.51', {}, true],
  ['14.6.202.34-node.28', {}, true],
  ['12.4.254.21-node.33', {}, false],
  ['11.3.244.8-node.38', {}, false],
  ['', {}, false],
  ['14.6.202.34', { Bun: {} }, true],
  ['', { Bun: {} }, true],
  ['14.6.202.34', { Deno: {} }, false],
])('V8 %j beside %o decodes UTF-8 fast: %s', (v8, others, isFast) => {
  expect(makeHost({ Buffer, process: { versions: { v8 } }, ...others }).isUtf8Fast).toBe(isFast);
});

describe.each(KERNEL_NAMES)('on the %s kernel', (kernel) => {
  const arenaWith = (host: Host) => Object.assign(new Arena(arenaFor(kernel).kernel), { host });

  describe.each(HOSTS)('and a host %s', (_name, host) => {
    const arena = arenaWith(host);

    test.each(Object.entries(CHARACTERS))(
      '%s: the string of Buffer.toString, around each limit',
      (_kind, characters) => {
        for (const length of [...around(HOST_UTF8_LENGTH, 16), ...around(SCRATCH_CAPACITY, 4)]) {
          for (const start of ['', '\ufeff', 'x', 'é']) {
            const utf8 = bytesOf(textOf(characters, length, start));
            expect(utf8.length).toBe(length);
            const buffer = concat(Uint8Array.of(0x80), utf8, Uint8Array.of(0xe0, 0xe0));
            const expected = Buffer.from(utf8).toString();
            expect(readText(arena, false, true, buffer, 1, 1 + length) === expected).toBe(true);
            if (length > SCRATCH_CAPACITY) continue;
            arena.bytes.set(utf8, CHUNK_PTR);
            expect(readText(arena, false, true, arena.bytes, CHUNK_PTR, CHUNK_PTR + length) === expected).toBe(true);
          }
        }
      },
    );
  });

  test.each([
    ['fast', 'Latin', HOST_UTF8_LENGTH, 'host'],
    ['fast', 'Latin', HOST_UTF8_LENGTH + 1, 'host'],
    ['fast', 'emoji', 50_000, 'host'],
    ['fast', 'CJK', HOST_UTF8_LENGTH, 'host'],
    ['fast', 'CJK', HOST_UTF8_LENGTH + 1, 'kernel'],
    ['fast', 'CJK', 100_000, 'kernel'],
    ['slow', 'Latin', 64, 'kernel'],
    ['slow', 'Latin', 50_000, 'kernel'],
    ['slow', 'CJK', 64, 'kernel'],
  ] as const)('on a %s host, %s text of %i bytes is decoded by the %s', (speed, kind, length, by) => {
    const plain = HOSTS[speed === 'fast' ? 0 : 1][1];
    const readUtf8 = vi.fn(plain.readUtf8);
    const arena = arenaWith({ ...plain, readUtf8 });
    const utf8 = bytesOf(textOf(CHARACTERS[kind], length));
    readText(arena, false, true, utf8, 0, length);
    expect(readUtf8).toHaveBeenCalledTimes(by === 'host' ? 1 : 0);
  });

  describe.each(HOSTS)('messages, with a host %s', (_name, host) => {
    const arena = arenaFor(kernel);
    const { host: usual } = arena;
    beforeAll(() => void Object.assign(arena, { host }));
    afterAll(() => void Object.assign(arena, { host: usual }));

    const decode = (...chunks: Uint8Array[]) => {
      const decoder = new MessageDecoder({ role: 'server', kernel });
      return chunks.flatMap((chunk) => decoder.decode(chunk));
    };

    /** The payload in one frame cut into two chunks at each place, and in two fragments cut there. */
    function* cuts(payload: Uint8Array) {
      const whole = wire({ opcode: TEXT, payload, masked: true });
      for (let at = 0; at <= payload.length; at++) {
        const edge = whole.length - payload.length + at;
        yield [whole.slice(0, edge), whole.slice(edge)];
        yield [
          stream(
            { opcode: TEXT, payload: payload.slice(0, at), masked: true, fin: false },
            { opcode: 0, payload: payload.slice(at), masked: true },
          ),
        ];
      }
    }

    test.each(Object.entries(CHARACTERS))(
      '%s, with a byte order mark: cut anywhere, the text is whole',
      (_kind, characters) => {
        for (const length of [HOST_UTF8_LENGTH - 1, HOST_UTF8_LENGTH + 4]) {
          const payload = bytesOf(textOf(characters, length, '\ufeff'));
          const text = Buffer.from(payload).toString();
          expect(text.startsWith('\ufeff')).toBe(true);
          for (const chunks of cuts(payload)) expect(decode(...chunks)).toEqual([{ type: 'text', text }]);
        }
      },
    );

    test.each([
      ['a lone surrogate', [0xed, 0xa0, 0x80]],
      ['an overlong form', [0xc0, 0xaf]],
      ['a character that is cut off', [0xe6, 0xbc]],
      ['a value above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ])('%s at the end, cut anywhere: 1007', (_fault, bytes) => {
      for (const characters of ['é', '漢']) {
        const payload = concat(bytesOf(textOf(characters, HOST_UTF8_LENGTH + 2)), Uint8Array.from(bytes));
        for (const chunks of cuts(payload)) {
          expect(decode(...chunks)).toMatchObject([
            { type: 'error', error: { code: 'WSIMD_INVALID_UTF8', closeCode: 1007 } },
          ]);
        }
      }
    });
  });
});
