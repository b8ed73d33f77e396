import { describe, expect, it } from 'vitest';
import { callerHeaders } from '../../../src/handshake/caller-headers.js';

describe('callerHeaders', () => {
  it('keeps names as they are', () => {
    expect(callerHeaders({ 'X-Trace': 'a', 'Set-Cookie': ['b', 'c'] })).toEqual([
      ['X-Trace', 'a'],
      ['Set-Cookie', 'b'],
      ['Set-Cookie', 'c'],
    ]);
  });

  it.each([
    'Upgrade',
    'CONNECTION',
    'sec-websocket-key',
    'Sec-WebSocket-Version',
    'Sec-WebSocket-Accept',
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Extensions',
    'Content-Length',
    'Transfer-Encoding',
  ])('leaves %s to the handshake', (name) => {
    expect(() => callerHeaders([[name, 'x']])).toThrow(TypeError);
  });
});
