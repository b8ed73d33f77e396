// The decoder's decisions (shared/DESIGN.md, section 4), row by row, as vectors: a stream, the role that reads it, what
// comes of it. Each is replayed on both kernels, in every cut, through every way to take frames and messages.

import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { FrameDecoder } from '../../src/frames/frame-decoder.js';
import { MessageDecoder } from '../../src/messages/message-decoder.js';
import { createRandom } from '../support/random.js';
import {
  describeEvents,
  type ExpectedError,
  KERNEL_NAMES,
  replay,
  type Vector,
  withoutStacks,
} from '../support/replay.js';
import { judgeUtf8 } from '../support/utf8-reference.js';
import {
  BINARY,
  bytesOf,
  CLOSE,
  concat,
  type FrameOptions,
  hex,
  Peer,
  PING,
  PONG,
  stream,
  TEXT,
  type WireFrame,
  wire,
} from '../support/wire.js';

type Role = Vector['role'];
const ROLES: readonly Role[] = ['server', 'client', 'observer'];
const ENDS: readonly ('server' | 'client')[] = ['server', 'client'];

interface Fault {
  readonly name: string;
  readonly role: Role;
  readonly options?: NonNullable<Vector['options']>;
  /** Good frames, and what they come to. */
  readonly before?: readonly WireFrame[];
  readonly events?: readonly string[];
  readonly frame: WireFrame;
  readonly code: ErrorCode;
  readonly closeCode?: number;
  /** The byte at fault, counted from the frame's first. */
  readonly at: number;
  /** How many bytes of the frame must be there to know. */
  readonly after: number;
}

function faulty({ before = [], events = [], frame, code, closeCode = 1002, at, after, ...rest }: Fault): Vector {
  const start = stream(...before).length;
  const error: ExpectedError = { code, closeCode, offset: start + at, knownAfter: start + after };
  return { ...rest, frames: [...before, frame], events, error };
}

function headerLength(frame: WireFrame): number {
  return wire({ ...frame, payload: '', claimed: frame.claimed ?? BigInt(bytesOf(frame.payload ?? '').length) }).length;
}

/** A fault that the first two bytes of a header show. */
function faultyOpening(fault: Omit<Fault, 'after'>): Vector {
  return faulty({ ...fault, after: 2 });
}

/** A fault that the length shows, known once the header is whole. */
function faultyLength(fault: Omit<Fault, 'after'>): Vector {
  return faulty({ ...fault, after: headerLength(fault.frame) });
}

function binaryLine(payload: Uint8Array): string {
  return `binary ${hex(payload)}`;
}

function filled(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 65 + ((i * 7) % 26));
}

function replayAll(vectors: readonly Vector[]): void {
  for (const kernel of KERNEL_NAMES) for (const vector of vectors) replay(vector, kernel);
}

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

describe('a length is in its shortest form', () => {
  it.each(ENDS)('short ones, as a %s', (role) => {
    const peer = new Peer(role);
    for (const length of [0, 1, 124, 125, 126, 127, 128, 255, 256]) {
      const payload = filled(length);
      const line = `text ${JSON.stringify(Buffer.from(payload).toString())}`;
      replayAll([
        { name: `text of ${length}`, role, frames: [peer.text(payload)], events: [line] },
        { name: `binary of ${length}`, role, frames: [peer.binary(payload)], events: [binaryLine(payload)] },
      ]);
    }
  });

  it.each(ENDS)('long ones, as a %s', (role) => {
    const peer = new Peer(role);
    for (const length of [65535, 65536]) {
      const payload = filled(length);
      replayAll([{ name: `binary of ${length}`, role, frames: [peer.binary(payload)], events: [binaryLine(payload)] }]);
    }
  });

  it.each(ROLES)('or 1002, as a %s', (role) => {
    const peer = new Peer(role);
    const longer: FrameOptions[] = [
      ...[0n, 1n, 124n, 125n].map((claimed) => ({ claimed, form: 16 as const })),
      ...[0n, 1n, 125n, 126n, 65534n, 65535n].map((claimed) => ({ claimed, form: 64 as const })),
    ];
    for (const options of longer) {
      const fault = { role, code: 'WSIMD_LENGTH_NOT_MINIMAL', at: 2 } as const;
      const { form, claimed } = options;
      replayAll([
        faultyLength({ ...fault, name: `text, ${claimed} in ${form} bits`, frame: peer.text('abc', options) }),
        faultyLength({
          ...fault,
          name: `last fragment, ${claimed} in ${form} bits`,
          before: [peer.binary('a', { fin: false })],
          frame: peer.continuation('abc', options),
        }),
        // A form that is wrong is worse than a length that is too long.
        faultyLength({
          ...fault,
          name: `limit 0, ${claimed} in ${form} bits`,
          options: { maxFrameLength: 0, maxMessageLength: 0 },
          frame: peer.binary('abc', options),
        }),
      ]);
    }
  });
});

describe('the top bit of a 64-bit length is not set', () => {
  it.each(ROLES)('or 1002, as a %s', (role) => {
    const peer = new Peer(role);
    for (const claimed of [2n ** 63n, 2n ** 63n + 5n, 2n ** 64n - 1n]) {
      const fault = { role, code: 'WSIMD_LENGTH_TOP_BIT', at: 2 } as const;
      replayAll([
        faultyLength({ ...fault, name: `text of ${claimed}`, frame: peer.text('abc', { claimed }) }),
        faultyLength({ ...fault, name: `binary of ${claimed}`, frame: peer.binary('abc', { claimed }) }),
        faultyLength({
          ...fault,
          name: `continuation of ${claimed}`,
          before: [peer.text('a', { fin: false })],
          frame: peer.continuation('abc', { claimed, fin: false }),
        }),
        faultyLength({
          ...fault,
          name: `${claimed}, over the limits too`,
          options: { maxFrameLength: 1, maxMessageLength: 2 ** 53 - 1 },
          frame: peer.text('abc', { claimed }),
        }),
      ]);
    }
  });
});

describe('limits', () => {
  const tooLong = { closeCode: 1009, at: 1 } as const;

  it.each(ENDS)('hold a message to the byte, as a %s', (role) => {
    const peer = new Peer(role);
    for (const limit of [0, 1, 125, 126, 300]) {
      const payload = filled(limit);
      const whole = peer.binary(payload);
      const events = [binaryLine(payload)];
      const claimed = BigInt(limit + 1);
      for (const options of [{ maxMessageLength: limit }, { maxFrameLength: limit }]) {
        const name = JSON.stringify(options);
        const code = 'maxFrameLength' in options ? 'WSIMD_FRAME_TOO_LONG' : 'WSIMD_MESSAGE_TOO_LONG';
        replayAll([
          { name, role, options, frames: [whole, whole], events: [...events, ...events] },
          faultyLength({
            ...tooLong,
            name: `${name}, one over`,
            role,
            options,
            before: [whole],
            events,
            frame: peer.binary(filled(limit + 1)),
            code,
          }),
          faultyLength({
            ...tooLong,
            name: `${name}, no payload yet`,
            role,
            options,
            frame: peer.text('', { claimed }),
            code,
          }),
        ]);
      }
    }
  });

  it.each(ENDS)('hold a message of several fragments to the byte, as a %s', (role) => {
    const peer = new Peer(role);
    const options = { maxMessageLength: 300 };
    const hundred = filled(100);
    const start = [
      peer.binary(hundred, { fin: false }),
      peer.ping(filled(125)),
      peer.continuation(hundred, { fin: false }),
      peer.continuation('', { fin: false }),
    ];
    const ping = `ping ${hex(filled(125))}`;
    const whole = [...start, peer.continuation(hundred)];
    const events = [ping, binaryLine(concat(hundred, hundred, hundred))];
    const common = { ...tooLong, role, options } as const;
    const code = 'WSIMD_MESSAGE_TOO_LONG';
    replayAll([
      { name: 'exactly the limit, twice', role, options, frames: [...whole, ...whole], events: [...events, ...events] },
      faultyLength({
        ...common,
        name: 'one over, in the second message',
        before: [...whole, ...start],
        events: [...events, ping],
        frame: peer.continuation(filled(101)),
        code,
      }),
      faultyLength({
        ...common,
        name: 'one over, behind the limit',
        before: [...start, peer.continuation(hundred, { fin: false })],
        events: [ping],
        frame: peer.continuation('x', { fin: false }),
        code,
      }),
      {
        name: 'fragments of maxFrameLength',
        role,
        options: { maxFrameLength: 100 },
        frames: whole,
        events,
      },
      faultyLength({
        ...tooLong,
        name: 'a fragment over maxFrameLength',
        role,
        options: { maxFrameLength: 100 },
        before: start,
        events: [ping],
        frame: peer.continuation(filled(101)),
        code: 'WSIMD_FRAME_TOO_LONG',
      }),
      faultyLength({
        ...tooLong,
        name: 'a fragment over both',
        role,
        options: { maxFrameLength: 100, maxMessageLength: 100 },
        frame: peer.text(filled(126)),
        code: 'WSIMD_FRAME_TOO_LONG',
      }),
    ]);
  });

  it.each(ROLES)('do not hold control frames, as a %s', (role) => {
    const peer = new Peer(role);
    const options = { maxFrameLength: 0, maxMessageLength: 0 };
    const frames = [peer.ping('ab'), peer.text(''), peer.pong('c'), peer.binary(''), peer.close(1000, 'bye')];
    const events = ['ping 6162', 'text ""', 'pong 63', 'binary ', 'close 1000 "bye"'];
    replayAll([{ name: 'limits of 0', role, options, frames, events }]);
  });

  it.each(ROLES)('are compared in 64 bits, as a %s', (role) => {
    const peer = new Peer(role);
    const lengths = [2n ** 31n, 2n ** 32n, 2n ** 32n + 3n, 2n ** 33n - 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n];
    for (const claimed of lengths) {
      // Unless it is set, the limit on frames is the greatest number that counts exactly.
      const code = claimed < 2n ** 53n ? 'WSIMD_MESSAGE_TOO_LONG' : 'WSIMD_FRAME_TOO_LONG';
      const fault = { ...tooLong, role, code } as const;
      replayAll([
        faultyLength({ ...fault, name: `text of ${claimed}`, frame: peer.text('abc', { claimed }) }),
        faultyLength({ ...fault, name: `binary of ${claimed}`, frame: peer.binary('abc', { claimed }) }),
        faultyLength({
          ...fault,
          name: `${claimed}, limit 10`,
          options: { maxMessageLength: 10 },
          frame: peer.binary('abc', { claimed }),
        }),
        faultyLength({
          ...fault,
          name: `${claimed}, frame limit 10`,
          options: { maxFrameLength: 10 },
          frame: peer.binary('abc', { claimed }),
          code: 'WSIMD_FRAME_TOO_LONG',
        }),
        faultyLength({
          ...fault,
          name: `fragment of ${claimed}`,
          before: [peer.binary('a', { fin: false })],
          frame: peer.continuation('abc', { claimed }),
        }),
      ]);
    }
  });

  it.each(ENDS)('of 2^53 - 1 let through what is not longer, as a %s', (role) => {
    const peer = new Peer(role);
    const options = { maxMessageLength: 2 ** 53 - 1 };
    const claimed = 2n ** 53n - 1n;
    replayAll([
      { name: 'whole', role, options, frames: [peer.text('abc', { claimed })], events: [], isCut: true },
      faultyLength({
        ...tooLong,
        name: 'a byte and 2^53 - 1',
        role,
        options,
        before: [peer.binary('a', { fin: false })],
        frame: peer.continuation('abc', { claimed }),
        code: 'WSIMD_MESSAGE_TOO_LONG',
      }),
    ]);
  });

  it('allocate nothing for what a header claims', () => {
    for (const kernel of KERNEL_NAMES) {
      for (const claimed of [2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]) {
        const decoder = new MessageDecoder({ role: 'server', kernel });
        const events = decoder.decode(wire(new Peer('server').binary('abc', { claimed })));
        expect(events.map((event) => event.type)).toEqual(['error']);
        expect(decoder.bufferedLength).toBe(0);
      }
      const decoder = new MessageDecoder({ role: 'server', kernel, maxMessageLength: 2 ** 53 - 1 });
      decoder.decode(wire(new Peer('server').binary('abc', { claimed: 2n ** 53n - 1n })));
      expect(decoder.bufferedLength).toBe(3);
    }
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
      // In the order of the rules it comes before the length of a control frame, and of a Close.
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

describe('control frames', () => {
  it.each(ROLES)('are of 125 bytes at most and whole, or 1002, as a %s', (role) => {
    const peer = new Peer(role);
    const most = filled(125);
    const reason = Buffer.from(filled(123)).toString();
    replayAll([
      { name: 'a ping of 125', role, frames: [peer.ping(most)], events: [`ping ${hex(most)}`] },
      { name: 'a pong of 125', role, frames: [peer.pong(most)], events: [`pong ${hex(most)}`] },
      { name: 'a Close of 125', role, frames: [peer.close(1000, reason)], events: [`close 1000 "${reason}"`] },
    ]);
    for (const opcode of [CLOSE, PING, PONG]) {
      const fault = { role, code: 'WSIMD_CONTROL_TOO_LONG', at: 1 } as const;
      const sizes: FrameOptions[] = [
        { claimed: 126n },
        { claimed: 125n, form: 16 },
        { claimed: 0n, form: 16 },
        { claimed: 65535n },
        { claimed: 65536n },
        { claimed: 1n, form: 64 },
        { claimed: 2n ** 63n },
      ];
      for (const options of sizes) {
        const name = `opcode ${opcode} of ${options.claimed} in ${options.form} bits`;
        replayAll([
          faultyOpening({ ...fault, name, frame: peer.frame(opcode, 'abc', options) }),
          faultyOpening({
            ...fault,
            name: `${name}, inside a message`,
            before: [peer.text('a', { fin: false })],
            frame: peer.frame(opcode, 'abc', options),
          }),
          faultyOpening({
            ...fault,
            name: `${name}, without FIN`,
            frame: peer.frame(opcode, 'abc', { ...options, fin: false }),
            code: 'WSIMD_FRAGMENTED_CONTROL',
            at: 0,
          }),
        ]);
      }
    }
  });
});

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

  it('is not looked at where nobody wants it', () => {
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

describe('behind an error or a Close', () => {
  it.each(ENDS)('nothing is delivered, and nothing before is lost, as a %s', (role) => {
    const peer = new Peer(role);
    const before = [
      peer.text('one'),
      peer.binary([2]),
      peer.text('th', { fin: false }),
      peer.ping('four'),
      peer.continuation('ree'),
      peer.text('unfinished', { fin: false }),
    ];
    const events = ['text "one"', 'binary 02', 'ping 666f7572', 'text "three"'];
    replayAll([
      { name: 'Close', role, frames: [...before, peer.close(1000, 'x')], events: [...events, 'close 1000 "x"'] },
      faultyOpening({
        name: 'error',
        role,
        before,
        events,
        frame: peer.text('y'),
        code: 'WSIMD_UNFINISHED_MESSAGE',
        at: 0,
      }),
    ]);
  });

  it('megabytes are dropped, in chunks of any length', () => {
    const peer = new Peer('server');
    const rest = new Uint8Array(200_000).fill(0x82);
    for (const kernel of KERNEL_NAMES) {
      for (const end of [peer.close(1000), peer.frame(3, '')]) {
        const decoder = new MessageDecoder({ role: 'server', kernel });
        const events = decoder.decode(concat(stream(peer.text('a'), end), rest));
        expect(events.map((event) => event.type)).toEqual(['text', end.opcode === CLOSE ? 'close' : 'error']);
        for (let i = 0; i < 10; i++) expect(decoder.decode(rest.slice())).toEqual([]);
        expect(decoder.isDone).toBe(true);
        expect(decoder.error?.code).toBe(end.opcode === CLOSE ? undefined : 'WSIMD_RESERVED_OPCODE');
      }
    }
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
