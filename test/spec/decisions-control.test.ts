// The decoder's decisions (ARCHITECTURE.md) on control frames, and on what follows an error or a Close frame, as vectors. Each is
// replayed on both kernels, in every cut, through every way to take frames and messages.

import { describe, expect, it } from 'vitest';
import { MessageDecoder } from '../../src/messages/receive/message-decoder.js';
import { CLOSE, concat, type FrameOptions, hex, Peer, PING, PONG, stream } from '../support/frames/wire.js';
import { KERNEL_NAMES } from '../support/oracles/replay.js';
import { ENDS, faultyOpening, filled, ROLES, replayAll } from './replay/faults.js';

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

describe('behind an error or a Close frame', () => {
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
