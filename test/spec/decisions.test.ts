// The decoder's decisions (ARCHITECTURE.md), row by row, as vectors: a stream, the role that reads it, what
// comes of it. Each is replayed on both kernels, in every cut, through every way to take frames and messages. The
// others are in decisions-lengths, decisions-control and decisions-payloads.test.ts.

import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../src/frames/frame-decoder.js';
import type { ErrorCode } from '../../src/protocol/errors.js';
import { BINARY, bytesOf, CLOSE, hex, Peer, PING, PONG, stream, TEXT, type WireFrame } from '../support/frames/wire.js';
import { createRandom } from '../support/inputs/random.js';
import { KERNEL_NAMES, type Vector } from '../support/oracles/replay.js';
import { binaryLine, ENDS, faulty, faultyOpening, filled, ROLES, type Role, replayAll } from './replay/faults.js';

describe('what is taken', () => {
  it.each(ROLES)('whole messages, control frames, fragments, as a %s', (role) => {
    const peer = new Peer(role);
    const euro = bytesOf('€');
    replayAll([
      { name: 'nothing', role, frames: [], events: [] },
      { name: 'a text', role, frames: [peer.text('Hello')], events: ['text "Hello"'] },
      { name: 'an empty text', role, frames: [peer.text('')], events: ['text ""'] },
      { name: 'a binary', role, frames: [peer.binary([0, 255, 128])], events: ['binary 00ff80'] },
      { name: 'an empty binary', role, frames: [peer.binary('')], events: ['binary '] },
      {
        name: 'pings and pongs',
        role,
        frames: [peer.ping(), peer.pong(), peer.ping([0xff, 0xc0]), peer.pong('Hello')],
        events: ['ping ', 'pong ', 'ping ffc0', 'pong 48656c6c6f'],
      },
      {
        name: 'a fragmented text with a ping in it',
        role,
        frames: [peer.text('Hel', { fin: false }), peer.ping('now'), peer.continuation('lo')],
        events: ['ping 6e6f77', 'text "Hello"'],
      },
      {
        name: 'a text of empty fragments',
        role,
        frames: [peer.text('', { fin: false }), peer.continuation('', { fin: false }), peer.continuation('')],
        events: ['text ""'],
      },
      {
        name: 'empty fragments inside a character',
        role,
        frames: [
          peer.text('', { fin: false }),
          peer.continuation(euro.subarray(0, 1), { fin: false }),
          peer.continuation('', { fin: false }),
          peer.pong(euro),
          peer.continuation(euro.subarray(1), { fin: false }),
          peer.continuation(''),
        ],
        events: ['pong e282ac', 'text "€"'],
      },
      {
        name: 'a fragmented binary that is no UTF-8',
        role,
        frames: [peer.binary([0xe2], { fin: false }), peer.continuation([0x28, 0xff])],
        events: ['binary e228ff'],
      },
      {
        name: 'message behind message, fragmented and whole',
        role,
        frames: [
          peer.binary('a', { fin: false }),
          peer.continuation('b'),
          peer.text('c'),
          peer.text('d', { fin: false }),
          peer.continuation('e'),
          peer.binary('f'),
        ],
        events: ['binary 6162', 'text "c"', 'text "de"', 'binary 66'],
      },
      {
        name: 'a byte order mark',
        role,
        frames: [
          peer.text('\ufeff'),
          peer.text('\ufeffa'),
          peer.text('\ufeff', { fin: false }),
          peer.continuation('b'),
        ],
        events: ['text "\ufeff"', 'text "\ufeffa"', 'text "\ufeffb"'],
      },
      {
        name: 'a masking key of zeros, and one of ones',
        role,
        frames: [
          peer.text('zero', { maskingKey: [0, 0, 0, 0] }),
          peer.text('ones', { maskingKey: [255, 255, 255, 255] }),
        ],
        events: ['text "zero"', 'text "ones"'],
      },
      {
        name: 'a message that does not end',
        role,
        frames: [peer.text('a'), peer.text('b', { fin: false })],
        events: ['text "a"'],
      },
      {
        name: 'a frame that does not end',
        role,
        frames: [peer.text('a'), peer.binary('b', { claimed: 2n })],
        events: ['text "a"'],
        isCut: true,
      },
    ]);
  });

  it('masked and unmasked frames alike, as an observer', () => {
    const [masked, unmasked] = [new Peer('server'), new Peer('client')];
    const frames = [
      masked.text('a'),
      unmasked.text('b'),
      masked.binary('c', { fin: false }),
      unmasked.continuation('d'),
    ];
    replayAll([{ name: 'mixed', role: 'observer', frames, events: ['text "a"', 'text "b"', 'binary 6364'] }]);
  });
});

describe('clients mask, servers do not', () => {
  it.each(ENDS)('or 1002, as a %s', (role) => {
    const good = new Peer(role);
    const code = role === 'server' ? 'WSIMD_NOT_MASKED' : 'WSIMD_MASKED';
    const masked = role === 'client';
    const vectors = [TEXT, BINARY, CLOSE, PING, PONG].flatMap((opcode) =>
      ['', 'ab', filled(125)].map((payload) =>
        faultyOpening({
          name: `opcode ${opcode}, ${payload.length} bytes`,
          role,
          frame: { opcode, payload, masked },
          code,
          at: 1,
        }),
      ),
    );
    replayAll([
      ...vectors,
      faultyOpening({ name: 'long', role, frame: { opcode: BINARY, payload: filled(126), masked }, code, at: 1 }),
      faultyOpening({
        name: 'a fragment',
        role,
        before: [good.text('a', { fin: false })],
        frame: { opcode: 0, payload: 'b', masked },
        code,
        at: 1,
      }),
      // In the order of the rules it comes before the length of a control frame, and of a Close frame.
      faultyOpening({ name: 'a long ping', role, frame: { opcode: PING, payload: filled(126), masked }, code, at: 1 }),
      faultyOpening({ name: 'a short Close', role, frame: { opcode: CLOSE, payload: 'x', masked }, code, at: 1 }),
    ]);
  });
});

/** What the first byte of a header breaks, in the order of the rules (src/kernel/kernel.ts). */
function firstByteFault(first: number, isOpen: boolean, allowRsv1: boolean): ErrorCode | undefined {
  const opcode = first & 15;
  const rsv = (first >> 4) & 7;
  const mayHaveRsv1 = allowRsv1 && (opcode === TEXT || opcode === BINARY);
  if (rsv !== 0 && !(rsv === 4 && mayHaveRsv1)) return 'WSIMD_RESERVED_BITS';
  if (![0, TEXT, BINARY, CLOSE, PING, PONG].includes(opcode)) return 'WSIMD_RESERVED_OPCODE';
  if (opcode === 0 && !isOpen) return 'WSIMD_STRAY_CONTINUATION';
  if (opcode < 8 && opcode !== 0 && isOpen) return 'WSIMD_UNFINISHED_MESSAGE';
  if (opcode >= 8 && first < 128) return 'WSIMD_FRAGMENTED_CONTROL';
  return undefined;
}

describe('RSV bits, opcodes, FIN', () => {
  const opcodes = Array.from({ length: 16 }, (_, opcode) => opcode);

  function vectorsFor(opcode: number, role: Role, isOpen: boolean, allowRsv1: boolean): Vector[] {
    const peer = new Peer(role);
    const before = isOpen ? [peer.text('<', { fin: false })] : [];
    const options = allowRsv1 ? { allowRsv1 } : {};
    const vectors: Vector[] = [];
    for (const fin of [true, false]) {
      for (let rsv = 0; rsv < 8; rsv++) {
        const first = (fin ? 128 : 0) | (rsv << 4) | opcode;
        const name = `first byte 0x${first.toString(16)}${isOpen ? ' inside a message' : ''}`;
        const code = firstByteFault(first, isOpen, allowRsv1);
        const payload = opcode === CLOSE ? [3, 232] : 'ab';
        const frame = peer.frame(opcode, payload, { fin, rsv });
        if (code !== undefined) {
          vectors.push(faultyOpening({ name, role, options, before, frame, code, at: 0 }));
          // It is known whatever the second byte says.
          const wrong = { ...frame, claimed: 2n ** 64n - 1n };
          if (rsv < 2)
            vectors.push(faultyOpening({ name: `${name}, long`, role, options, before, frame: wrong, code, at: 0 }));
        } else {
          const line =
            opcode === CLOSE
              ? 'close 1000 ""'
              : opcode === PING || opcode === PONG
                ? `${opcode === PING ? 'ping' : 'pong'} 6162`
                : fin
                  ? isOpen
                    ? 'text "<ab"'
                    : opcode === TEXT
                      ? 'text "ab"'
                      : 'binary 6162'
                  : undefined;
          vectors.push({ name, role, options, frames: [...before, frame], events: line === undefined ? [] : [line] });
        }
      }
    }
    return vectors;
  }

  it.each(opcodes)('opcode %i with every RSV bit and FIN', (opcode) => {
    for (const role of ENDS) {
      replayAll([...vectorsFor(opcode, role, false, false), ...vectorsFor(opcode, role, true, false)]);
    }
  });

  it.each(opcodes)('opcode %i where an extension owns RSV1', (opcode) => {
    replayAll([...vectorsFor(opcode, 'server', false, true), ...vectorsFor(opcode, 'client', true, true)]);
  });

  it('does not validate a text that an extension transforms', () => {
    const peer = new Peer('server');
    const frames = [
      peer.text([0xff], { rsv: 4 }),
      peer.text([0xc0], { rsv: 4, fin: false }),
      peer.ping(),
      peer.continuation([0x80, 0xff]),
    ];
    replayAll([
      { name: 'compressed', role: 'server', options: { allowRsv1: true }, frames, events: [] },
      faulty({
        name: 'the next one is plain',
        role: 'server',
        options: { allowRsv1: true },
        before: frames,
        frame: peer.text([0xff]),
        code: 'WSIMD_INVALID_UTF8',
        closeCode: 1007,
        at: 6,
        after: 7,
      }),
    ]);
  });
});

describe('streams at random', () => {
  const TYPES = ['text', 'binary', 'ping', 'pong'] as const;
  const ALPHABET = ['a', 'é', '€', '𝄞', '\0', '\ufeff', '🤷‍♀️'];

  /** Frames that break no rule, and what they come to. */
  function makeStream(role: Role, random: () => number): Pick<Vector, 'frames' | 'events'> {
    const peer = new Peer(role);
    const key = () => [random() & 255, random() & 255, random() & 255, random() & 255];
    const frames: WireFrame[] = [];
    const events: string[] = [];
    const control = () => {
      const payload = filled(random() % 4);
      const isPing = random() % 2 === 0;
      frames.push({ ...(isPing ? peer.ping(payload) : peer.pong(payload)), maskingKey: key() });
      events.push(`${isPing ? 'ping' : 'pong'} ${hex(payload)}`);
    };
    for (let count = 1 + (random() % 6); count > 0; count--) {
      const type = TYPES[random() % TYPES.length]!;
      if (type === 'ping' || type === 'pong') {
        control();
        continue;
      }
      const text = Array.from({ length: random() % 12 }, () => ALPHABET[random() % ALPHABET.length]).join('');
      const bytes = bytesOf(text);
      let from = 0;
      for (let fragments = 1 + (random() % 4); fragments > 0; fragments--) {
        const to = fragments === 1 ? bytes.length : from + (random() % (bytes.length - from + 1));
        const opcode = from === 0 && frames.at(-1)?.fin !== false ? (type === 'text' ? TEXT : BINARY) : 0;
        const isFirst = opcode !== 0;
        frames.push({
          ...peer.frame(isFirst ? opcode : 0, bytes.subarray(from, to), { fin: fragments === 1 }),
          maskingKey: key(),
        });
        from = to;
        if (fragments > 1) {
          // The frame before this one must tell that a message is open.
          if (random() % 3 === 0) {
            control();
            frames.push({ ...peer.continuation('', { fin: false }), maskingKey: key() });
          }
        }
      }
      events.push(type === 'text' ? `text ${JSON.stringify(text)}` : binaryLine(bytes));
    }
    return { frames, events };
  }

  it.each(ENDS)('come to the same in every cut, as a %s', (role) => {
    for (let seed = 1; seed <= 12; seed++) {
      replayAll([{ name: `seed ${seed}`, role, ...makeStream(role, createRandom(seed)) }]);
    }
  });
});

describe('the frame decoder', () => {
  it.each(KERNEL_NAMES)('throws the error behind the good frames and at each further call (%s)', (kernel) => {
    const peer = new Peer('client');
    const decoder = new FrameDecoder({ role: 'client', kernel });
    decoder.push(stream(peer.text('a'), peer.binary('b'), peer.frame(3, '')));
    expect(decoder.next() && decoder.next()).toBe(true);
    expect(decoder.payload()).toEqual(bytesOf('b'));
    for (let i = 0; i < 3; i++)
      expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'WSIMD_RESERVED_OPCODE' }));
  });
});
