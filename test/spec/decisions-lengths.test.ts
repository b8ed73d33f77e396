// The decoder's decisions (ARCHITECTURE.md) on lengths, their form and the limits, as vectors. Each is replayed on both
// kernels, in every cut, through every way to take frames and messages.

import { describe, expect, it } from 'vitest';
import { MessageDecoder } from '../../src/messages/receive/message-decoder.js';
import { concat, type FrameOptions, hex, Peer, wire } from '../support/frames/wire.js';
import { KERNEL_NAMES } from '../support/oracles/replay.js';
import { binaryLine, ENDS, faultyLength, filled, ROLES, replayAll } from './replay/faults.js';

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
      expect(decoder.bufferedLength).toBe(256);
    }
  });
});
