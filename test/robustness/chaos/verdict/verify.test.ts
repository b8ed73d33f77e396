// The verifier of the chaos test: each kind of fault is found, and what must be allowed is.

import { describe, expect, it } from 'vitest';
import { digestOf, isOverwritten, shape } from '../script/payloads.js';
import type { EndReport } from './log.js';
import { verifyConnection } from './verify.js';

function end(name: string, changes: Partial<EndReport> = {}): EndReport {
  return {
    ...{ name, isRaw: false, wasOpened: true, progress: 'ending: close', sent: [], received: [], faults: [] },
    ...{ pingsSent: [], pingsReceived: [], pongsSent: [], pongsReceived: [], errors: [], cuts: [] },
    ...{ closes: [{ code: 1000, reason: '' }], closedWith: [1000] },
    callbacks: { expected: 0, called: 0, calledTwice: 0 },
    ...changes,
  };
}

const first = (client: Partial<EndReport>, server: Partial<EndReport>) =>
  verifyConnection(end('client', client), end('server', server))[0];

describe('the verifier', () => {
  it('has nothing to say of a connection on which everything arrived', () => {
    expect(
      first(
        { sent: ['a', 'b'], pongsReceived: ['1'], pingsSent: ['1'] },
        { received: ['a', 'b'], pingsReceived: ['1'] },
      ),
    ).toBe(undefined);
  });

  it('finds a gap, a repetition and a message that nobody sent', () => {
    expect(first({ sent: ['a', 'b', 'c'] }, { received: ['a', 'c'] })).toContain('a gap');
    expect(first({ sent: ['a', 'b'] }, { received: ['a', 'a'] })).toContain('again');
    expect(first({ sent: ['a'] }, { received: ['x'] })).toContain('nobody sent that');
  });

  it('allows missing messages at the end only where the connection was cut', () => {
    const closes = [{ code: 1006, reason: '' }];
    expect(first({ sent: ['a', 'b'] }, { received: ['a'] })).toContain('only 1 of 2');
    expect(first({ sent: ['a', 'b'], cuts: ['reset'], closes }, { received: ['a'], closes })).toBe(undefined);
    expect(first({ sent: ['a', 'b'], cuts: ['reset'], closes }, { received: ['b'], closes })).toContain('a gap');
    expect(first({}, { closes })).toContain('no Close frame arrived');
  });

  it('finds a missing or second `close`, a wrong code, and callbacks that do not come once', () => {
    expect(first({ closes: [] }, {})).toContain('0 `close` events');
    expect(
      first(
        {},
        {
          closes: [
            { code: 1000, reason: '' },
            { code: 1000, reason: '' },
          ],
        },
      ),
    ).toContain('2 `close` events');
    expect(first({}, { closes: [{ code: 4000, reason: '' }] })).toContain('code 4000');
    expect(first({ callbacks: { expected: 3, called: 2, calledTwice: 0 } }, {})).toContain('1 of 3 callbacks');
    expect(first({ callbacks: { expected: 3, called: 3, calledTwice: 1 } }, {})).toContain('more than once');
  });

  it('finds errors on a connection that nobody disturbed, and a pong without a ping', () => {
    expect(first({ errors: ['WS_ERR_INVALID_UTF8'] }, {})).toContain('WS_ERR_INVALID_UTF8');
    expect(first({ pongsReceived: ['00'] }, {})).toContain('nobody asked for');
  });

  it('notices buffers that were overwritten, in every shape', () => {
    const bytes = Buffer.from('contents of a message');
    for (const form of ['buffer', 'uint8array', 'dataview', 'arraybuffer', 'buffers'] as const) {
      const { data, overwrite } = shape(bytes, form);
      const read = () =>
        data instanceof DataView
          ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
          : Array.isArray(data)
            ? Buffer.concat(data)
            : new Uint8Array(data as ArrayBuffer);
      expect(digestOf(read(), true)).toBe(digestOf(bytes, true));
      overwrite();
      expect(isOverwritten(read())).toBe(true);
    }
  });
});
