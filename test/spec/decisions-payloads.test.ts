// The decoder's decisions (ARCHITECTURE.md) on what payloads hold, Closes and UTF-8, as vectors. Each is replayed on
// both kernels, in every cut, through every way to take frames and messages.

import { describe, expect, it } from 'vitest';
import { MessageDecoder } from '../../src/messages/receive/message-decoder.js';
import { bytesOf, concat, hex, Peer, stream, TEXT } from '../support/frames/wire.js';
import { describeEvents, KERNEL_NAMES, type Vector, withoutStacks } from '../support/oracles/replay.js';
import { judgeUtf8 } from '../support/oracles/utf8-reference.js';
import { ENDS, faulty, faultyOpening, headerLength, ROLES, type Role, replayAll } from './replay/faults.js';

/** RFC 6455 section 7.4 and the registry that it founds, as classes of codes. */
const CODE_CLASSES: readonly (readonly [first: number, last: number, isGood: boolean])[] = [
  [0, 999, false],
  [1000, 1003, true],
  [1004, 1006, false],
  [1007, 1014, true],
  [1015, 1015, false],
  [1016, 1099, false],
  [1100, 1999, false],
  [2000, 2999, false],
  [3000, 3999, true],
  [4000, 4999, true],
  [5000, 9999, false],
  [10000, 32767, false],
  [32768, 65535, false],
];

describe('Close', () => {
  function badCode(role: Role, code: number, reason: string): Vector {
    const frame = new Peer(role).close(code, reason);
    const at = headerLength(frame);
    return faulty({ name: `code ${code} "${reason}"`, role, frame, code: 'WSIMD_CLOSE_CODE', at, after: at + 2 });
  }

  it.each(ROLES)('with a code of each class and at each border, as a %s', (role) => {
    const peer = new Peer(role);
    for (const [first, last, isGood] of CODE_CLASSES) {
      for (const code of new Set([first, first + 1, (first + last) >> 1, last - 1, last])) {
        if (code < first || code > last) continue;
        for (const reason of ['', 'grüße 👋']) {
          const events = [`close ${code} ${JSON.stringify(reason)}`];
          replayAll([
            isGood
              ? { name: `code ${code}`, role, frames: [peer.close(code, reason)], events }
              : badCode(role, code, reason),
          ]);
        }
      }
    }
  });

  it.each(KERNEL_NAMES)('with each of the 65,536 codes, on the %s kernel', (kernel) => {
    const [first, last] = [CODE_CLASSES[0]![0], CODE_CLASSES.at(-1)![1]];
    expect([first, last]).toEqual([0, 65535]);
    for (const [from, to, isGood] of CODE_CLASSES) {
      for (let code = from; code <= to; code++) {
        const decoder = new MessageDecoder({ role: 'client', kernel });
        const [line] = describeEvents(withoutStacks(() => decoder.decode(Uint8Array.of(0x88, 2, code >> 8, code))));
        const expected = isGood ? `close ${code} ""` : 'error WSIMD_CLOSE_CODE 1002 @2';
        if (line !== expected) expect(line, `code ${code}`).toBe(expected);
      }
    }
  });

  it.each(ROLES)('without a code, with half a code, inside a message, as a %s', (role) => {
    const peer = new Peer(role);
    replayAll([
      { name: 'empty', role, frames: [peer.close()], events: ['close 1005 ""'] },
      {
        name: 'inside a fragmented text, inside a character',
        role,
        frames: [peer.text([0xe2, 0x82], { fin: false }), peer.close(1001, '€')],
        events: ['close 1001 "€"'],
      },
      {
        name: 'empty, inside a fragmented binary',
        role,
        frames: [peer.ping(), peer.binary([0xff], { fin: false }), peer.close()],
        events: ['ping ', 'close 1005 ""'],
      },
      faultyOpening({ name: '1 byte', role, frame: peer.close(undefined, [3]), code: 'WSIMD_CLOSE_PAYLOAD', at: 1 }),
      faultyOpening({
        name: '1 byte, inside a fragmented text',
        role,
        before: [peer.text('a', { fin: false })],
        frame: peer.close(undefined, [3]),
        code: 'WSIMD_CLOSE_PAYLOAD',
        at: 1,
      }),
    ]);
  });

  it.each(ROLES)('with a reason that is no UTF-8, or 1007, as a %s', (role) => {
    const peer = new Peer(role);
    for (const bad of BAD_SEQUENCES) {
      for (const lead of ['', 'why: ', 'warum? grün ']) {
        const reason = concat(bytesOf(lead), Uint8Array.from(bad));
        const { badOffset } = judgeUtf8(reason);
        const at = headerLength(peer.close(1000, reason)) + 2 + (badOffset ?? reason.length);
        replayAll([
          faulty({
            name: `reason ${hex(reason)}`,
            role,
            before: [peer.text([0xf0], { fin: false })],
            frame: peer.close(1000, reason),
            code: 'WSIMD_INVALID_UTF8',
            closeCode: 1007,
            at,
            // Where the reason ends inside a character, nothing stands at the place at fault.
            after: badOffset === undefined ? at : at + 1,
          }),
        ]);
      }
    }
  });
});

/** Each breaks a row of Unicode's table 3-7, or ends inside a character. */
const BAD_SEQUENCES: readonly (readonly number[])[] = [
  [0x80],
  [0xbf],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xc2, 0x41],
  [0xc2, 0xc2],
  [0xdf],
  [0xe0, 0x80, 0x80],
  [0xe0, 0x9f, 0xbf],
  [0xe2, 0x82, 0x41],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xef, 0xbf, 0xc0],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf0, 0x9f, 0x98, 0x41],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xfe],
  [0xff],
];

/** The first and last character of each length, and some that matter. */
const CHARACTERS = [
  0x0, 0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xffff, 0x10000, 0x1f600, 0xfffff, 0x10ffff,
].map((point) => String.fromCodePoint(point));

describe('UTF-8 in text', () => {
  it.each(ROLES)('is taken wherever fragments cut it, as a %s', (role) => {
    const peer = new Peer(role);
    for (const character of CHARACTERS) {
      const bytes = bytesOf(`a${character}b`);
      const events = [`text ${JSON.stringify(`a${character}b`)}`];
      const vectors: Vector[] = [{ name: `U+${hex(bytes)}`, role, frames: [peer.text(bytes)], events }];
      for (let cut = 0; cut <= bytes.length; cut++) {
        const frames = [
          peer.text(bytes.subarray(0, cut), { fin: false }),
          peer.ping([0xff]),
          peer.continuation('', { fin: false }),
          peer.continuation(bytes.subarray(cut)),
        ];
        vectors.push({ name: `U+${hex(bytes)} cut at ${cut}`, role, frames, events: ['ping ff', ...events] });
      }
      // A byte a fragment.
      const single = Array.from(bytes, (byte, i) =>
        peer.frame(i === 0 ? TEXT : 0, [byte], { fin: i === bytes.length - 1 }),
      );
      vectors.push({ name: `U+${hex(bytes)}, a byte a fragment`, role, frames: single, events });
      replayAll(vectors);
    }
  });

  /** A text that goes wrong, in fragments cut where it is told; the last of them is the one at fault. */
  function badText(role: Role, text: Uint8Array, cut: number | undefined): Vector {
    const peer = new Peer(role);
    const { badOffset } = judgeUtf8(text);
    const bad = badOffset ?? text.length;
    const name = `${hex(text)}${cut === undefined ? '' : ` cut at ${cut}`}`;
    const fault = { name, role, code: 'WSIMD_INVALID_UTF8', closeCode: 1007 } as const;
    const knownAt = badOffset === undefined ? 0 : 1;
    if (cut === undefined || (badOffset !== undefined && badOffset < cut)) {
      const frame = peer.text(cut === undefined ? text : text.subarray(0, cut), { fin: cut === undefined });
      const at = headerLength(frame) + bad;
      return faulty({ ...fault, frame, at, after: at + knownAt });
    }
    const before = [peer.text(text.subarray(0, cut), { fin: false }), peer.ping('?')];
    const frame = peer.continuation(text.subarray(cut));
    const at = headerLength(frame) + bad - cut;
    return faulty({ ...fault, before, events: ['ping 3f'], frame, at, after: at + knownAt });
  }

  it.each(ENDS)('fails at the first byte that nothing can mend, as a %s', (role) => {
    for (const bad of BAD_SEQUENCES) {
      for (const [lead, tail] of [
        ['', ''],
        ['', '...'],
        ['€', ''],
        ['abcdefghijklmno', 'pqrstuvwxyz'],
        ['Ein sehr langer Text mit Umlauten: äöü', '𝄞 and more'],
      ] as const) {
        const text = concat(bytesOf(lead), Uint8Array.from(bad), bytesOf(tail));
        const vectors = [badText(role, text, undefined)];
        if (tail.length < 5 && lead.length < 5)
          for (let cut = 0; cut <= text.length; cut++) vectors.push(badText(role, text, cut));
        replayAll(vectors);
      }
    }
  });

  it.each(ROLES)('fails at once in the middle of a long frame, as a %s', (role) => {
    const peer = new Peer(role);
    for (const bad of BAD_SEQUENCES) {
      const text = concat(bytesOf('a'.repeat(70)), Uint8Array.from(bad));
      const { badOffset } = judgeUtf8(text);
      if (badOffset === undefined) continue;
      const frame = peer.text(text, { claimed: 1_000_000n });
      const at = headerLength(frame) + badOffset;
      replayAll([
        faulty({
          name: `1,000,000 bytes claimed, ${hex(Uint8Array.from(bad))}`,
          role,
          before: [peer.text('€', { fin: false }), peer.continuation('', { fin: false }), peer.pong()],
          events: ['pong '],
          frame: { ...frame, opcode: 0 },
          code: 'WSIMD_INVALID_UTF8',
          closeCode: 1007,
          at,
          after: at + 1,
        }),
      ]);
    }
  });

  it.each(ROLES)('fails where the message ends inside a character, also with nothing, as a %s', (role) => {
    const peer = new Peer(role);
    const fault = { role, code: 'WSIMD_INVALID_UTF8', closeCode: 1007 } as const;
    for (const begun of [[0xc3], [0xe2], [0xe2, 0x82], [0xf0], [0xf0, 0x9f], [0xf0, 0x9f, 0x98]]) {
      const last = peer.continuation('');
      const at = headerLength(last);
      replayAll([
        faulty({
          ...fault,
          name: `${hex(Uint8Array.from(begun))} and an empty last fragment`,
          before: [peer.text(begun, { fin: false }), peer.ping()],
          events: ['ping '],
          frame: last,
          at,
          after: at,
        }),
      ]);
    }
  });

  it.each(ROLES)('starts anew with each message, as a %s', (role) => {
    const peer = new Peer(role);
    const frame = peer.text([0xac]);
    const at = headerLength(frame);
    replayAll([
      faulty({
        name: 'the rest of a character in the next message',
        role,
        before: [peer.text('€', { fin: false }), peer.continuation('€')],
        events: ['text "€€"'],
        frame,
        code: 'WSIMD_INVALID_UTF8',
        closeCode: 1007,
        at,
        after: at + 1,
      }),
    ]);
  });

  it('is not looked at where validation is off', () => {
    const peer = new Peer('server');
    const options = { skipUtf8Validation: true };
    for (const kernel of KERNEL_NAMES) {
      const decoder = new MessageDecoder({ role: 'server', kernel, textAs: 'bytes', ...options });
      const bytes = stream(
        peer.text([0xff, 0xc0]),
        peer.text([0xe2], { fin: false }),
        peer.continuation(''),
        peer.close(1000, [0xff]),
      );
      expect(decoder.decode(bytes)).toEqual([
        { type: 'textBytes', bytes: Uint8Array.of(0xff, 0xc0) },
        { type: 'textBytes', bytes: Uint8Array.of(0xe2) },
        { type: 'close', closeCode: 1000, reason: '\ufffd' },
      ]);
    }
  });
});
