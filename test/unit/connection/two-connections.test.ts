// src/connection.ts against itself: two connections that hear what the other says.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PreparedMessage } from '../../../src/frames/prepared-message.js';
import type { Role } from '../../../src/protocol/role.js';
import { ConnectedPair } from '../../../src/testing/index.js';
import { OTHER, ROLES } from '../../support/frames/connections.js';
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
        const pair = new ConnectedPair({ server: { kernel: 'portable' } });
        const said: Record<Role, string[]> = { client: [], server: [] };
        // Up to 64 reads of each write.
        pair.toServer = pair.toClient = { split: (available) => Math.max(cut, available >> 6) };
        for (const { kind, size, from } of steps) {
          const end = pair[from].connection;
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
          } else pair.settle();
          if (kind === 'text' || kind === 'prepared') said[from].push(`text ${JSON.stringify(text)}`);
          else if (kind === 'binary' || kind === 'fragments') said[from].push(`binary ${hex(data)}`);
          else if (kind === 'ping') said[from].push(`ping ${hex(control)}`);
        }
        pair.settle();
        for (const role of ROLES) {
          // Answers to pings come among what was said.
          const heard = describeEvents(pair[role].takeEvents()).filter((line) => !line.startsWith('pong'));
          expect(heard).toEqual(said[OTHER[role]]);
          expect(pair[role].connection.state).toBe('open');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('close in good order', () => {
    for (const first of ROLES) {
      const pair = new ConnectedPair();
      const [here, there] = [pair[first], pair[OTHER[first]]];
      here.connection.close(1000, 'done');
      const states: string[] = [];
      there.onEvent = () => states.push(here.connection.state, there.connection.state);
      pair.settle();
      expect(states).toEqual(['closing', 'closed']);
      for (const end of [here, there]) {
        expect(describeEvents(end.takeEvents())).toEqual(['close 1000 "done"']);
        expect([end.connection.state, end.connection.outgoingLength]).toEqual(['closed', 0]);
        expect([end.hasEnded, end.lost]).toEqual([true, undefined]);
      }
    }
  });
});
