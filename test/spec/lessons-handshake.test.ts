// What went wrong in the handshakes of other implementations, each with the reason why it is tested here.

import { describe, expect, it } from 'vitest';
import {
  checkRequest,
  fromRawHeaders,
  HeadReader,
  parseExtensions,
  parseRequestHead,
} from '../../src/handshake/index.js';
import { ProtocolError } from '../../src/index.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const GOOD: readonly (readonly [string, string])[] = [
  ['Host', 'example.com'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', KEY],
  ['Sec-WebSocket-Version', '13'],
];

function request(headers: readonly (readonly [string, string])[]) {
  return { method: 'GET', target: '/', version: '1.1', headers: fromRawHeaders(headers.flat()) };
}

describe('headers of a request', () => {
  it('that are missing are an error each, and never a throw', () => {
    // ws, CVE-2024-37890: a request of which headers had been dropped made the server throw.
    expect(checkRequest(request(GOOD))).toMatchObject({ ok: true });
    for (const [missing] of GOOD) {
      const rest = GOOD.filter(([name]) => name !== missing);
      expect(checkRequest(request(rest)), missing).toMatchObject({ ok: false });
    }
    expect(checkRequest(request([]))).toMatchObject({ ok: false, status: 400 });
  });

  it('that come twice are refused where that leaves a choice', () => {
    // Of two keys or hosts a proxy may take the one and the server the other.
    for (const doubled of ['Host', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version']) {
      const [, value = ''] = GOOD.find(([name]) => name === doubled) ?? [];
      expect(checkRequest(request([...GOOD, [doubled, value]])), doubled).toMatchObject({ ok: false });
      expect(checkRequest(request([[doubled, 'other'], ...GOOD])), doubled).toMatchObject({ ok: false });
    }
  });

  it('that are too many or too long are refused before they are read', () => {
    const lines = (count: number) => `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(count)}\r\n`;
    const bytesOf = (text: string) => new TextEncoder().encode(text);
    expect(() => parseRequestHead(bytesOf(lines(100)))).not.toThrow();
    expect(() => parseRequestHead(bytesOf(lines(101)))).toThrow(ProtocolError);
    const reader = new HeadReader();
    expect(() => {
      for (let i = 0; i < 100; i++) reader.push(bytesOf('x'.repeat(1000)));
    }).toThrow(expect.objectContaining({ code: 'WSIMD_HEAD_TOO_LARGE' }));
  });

  it('may be called like what every object has', () => {
    // ws before 3.3.1: an extension called `constructor` was looked up in a plain object, found, and called.
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf'];
    for (const name of names) {
      const asked = request([
        ...GOOD,
        [name, 'x'],
        ['Sec-WebSocket-Protocol', name],
        ['Sec-WebSocket-Extensions', `${name}; ${name}=1; ${name}`],
      ]);
      expect(checkRequest(asked)).toMatchObject({ ok: true, protocol: undefined, extensions: [] });
      expect(parseExtensions(`${name}; ${name}=1; ${name}`)).toEqual([
        {
          name,
          parameters: [
            [name, '1'],
            [name, true],
          ],
        },
      ]);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('parsing is linear', () => {
  // ws, CVE-2021-32640, and websocket-extensions, CVE-2020-7662: one header of some 50 KB kept the server busy for minutes.
  // Nothing is timed here: a quadratic reader would run into the timeout of the test at this length.
  const LENGTH = 500_000;
  const UNITS = [
    ' ',
    '\t',
    ',',
    ';',
    '"',
    '\\',
    '=',
    'a',
    'a,',
    'a ,',
    'a;',
    'a; b',
    'a;b=',
    'a;b="',
    '\\"',
    ', ,',
    '"a',
  ];

  it.each(UNITS)('over 500 KB of %j', (unit) => {
    const value = unit.repeat(Math.ceil(LENGTH / unit.length));
    for (const name of ['Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions', 'Upgrade', 'Connection', 'Origin']) {
      for (const text of [value, `a${value}b`, `x;y="${value}`]) {
        expect(typeof checkRequest(request([...GOOD, [name, text]])).ok).toBe('boolean');
      }
    }
  });
});
