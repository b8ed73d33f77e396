// src/connection.ts against itself: two connections that hear what the other says.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import { PreparedMessage } from '../../../src/frames/prepared-message.js';
import type { Role } from '../../../src/protocol/role.js';
import { OTHER, ROLES } from '../../support/frames/connections.js';
import { cutInto } from '../../support/frames/cuts.js';
import { hex } from '../../support/frames/wire.js';
import { describeEvents } from '../../support/oracles/replay.js';

describe('two connections', () => {
  type Step =
    | { readonly kind: 'text' | 'binary' | 'fragments' | 'prepared'; readonly size: number; readonly from: Role }
    | { readonly kind: 'ping' | 'pong' | 'deliver' | 'close'; readonly size: number; readonly from: Role };

  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('text', 'binary', 'fragments', 'prepared', 'ping', 'pong', 'deliver', 'deliver'),
    size: fc.oneof(fc.nat(300), fc.nat(70_000)),
    from: fc.constantFrom<Role>('client', 'server'),
  });

  it('hear what the other says, in order, whatever they say and however it is cut', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 5000 }), (steps, cut) => {
        const ends = {
          client: new Connection({ role: 'client' }),
          server: new Connection({ role: 'server', kernel: 'portable' }),
        };
        const said: Record<Role, string[]> = { client: [], server: [] };
        const heard: Record<Role, string[]> = { client: [], server: [] };
        const deliver = (from: Role) => {
          const to = OTHER[from];
          const bytes = ends[from].takeOutgoing();
          for (const chunk of cutInto(bytes, Math.max(cut, bytes.length >> 6))) {
            heard[from].push(...describeEvents(ends[to].receive(chunk.slice())));
          }
          ends[from].releaseOutgoing(bytes);
        };
        for (const { kind, size, from } of steps) {
          const end = ends[from];
          const text = 'ä€b🙂'.repeat(size >> 3);
          const control = new Uint8Array(size % 126).fill(size);
          const data = new Uint8Array(size).fill(size);
          if (kind === 'text') end.sendText(text);
          else if (kind === 'binary') end.sendBinary(data);
          else if (kind === 'prepared') end.sendPrepared(new PreparedMessage(text));
          else if (kind === 'ping') end.ping(control);
          else if (kind === 'pong') end.pong(control);
          else if (kind === 'fragments') {
            end.startMessage('binary', data.subarray(0, size >> 1));
            end.sendFragment(data.subarray(size >> 1), true);
          } else deliver(from);
          if (kind === 'text' || kind === 'prepared') said[from].push(`text ${JSON.stringify(text)}`);
          else if (kind === 'binary' || kind === 'fragments') said[from].push(`binary ${hex(data)}`);
          else if (kind === 'ping') said[from].push(`ping ${hex(control)}`);
        }
        for (let i = 0; i < 3; i++) for (const role of ROLES) deliver(role);
        for (const role of ROLES) {
          // Answers to pings come among what was said.
          expect(heard[role].filter((line) => !line.startsWith('pong'))).toEqual(said[role]);
          expect(ends[role].state).toBe('open');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('close in good order', () => {
    for (const first of ROLES) {
      const ends = { client: new Connection({ role: 'client' }), server: new Connection({ role: 'server' }) };
      const second = OTHER[first];
      ends[first].close(1000, 'done');
      expect(describeEvents(ends[second].receive(ends[first].takeOutgoing()))).toEqual(['close 1000 "done"']);
      expect([ends[first].state, ends[second].state]).toEqual(['closing', 'closed']);
      expect(describeEvents(ends[first].receive(ends[second].takeOutgoing()))).toEqual(['close 1000 "done"']);
      expect(ends[first].state).toBe('closed');
      expect([ends[first].outgoingLength, ends[second].outgoingLength]).toEqual([0, 0]);
    }
  });
});
