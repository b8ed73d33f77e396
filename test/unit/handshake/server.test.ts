// src/handshake/server.ts: which requests are accepted, with what, and how others are refused. The responses are in
// server-responses.test.ts. What it
// chooses is in server-choices.test.ts.

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLatin1, parseRequestHead, parseResponseHead, type RequestHead } from '../../../src/handshake/head.js';
import { fromRawHeaders } from '../../../src/handshake/headers.js';
import { checkRequest, writeRejection, writeResponse } from '../../../src/handshake/server.js';
import { cpuTime } from '../../support/programs/cpu-time.js';
import { ACCEPT, accepted, HEADERS, headOf, KEY, rejected, request, verdictOf } from './requests.js';

describe('checkRequest accepts', () => {
  it('a request by the rules', () => {
    const verdict = accepted(request());
    expect(verdict).toMatchObject({ ok: true, key: KEY, accept: ACCEPT, host: 'example.com', path: '/chat' });
    expect(verdict).toMatchObject({ protocols: [], offers: [], extensions: [] });
    expect(verdict.protocol).toBeUndefined();
    expect(verdict.origin).toBeUndefined();
    expect(verdict.headers.get('host')).toBe('example.com');
  });

  it('the request of RFC 6455 section 1.3, as bytes', () => {
    const head = parseRequestHead(
      encodeLatin1(
        'GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Key: ${KEY}\r\nOrigin: http://example.com\r\n` +
          'Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n',
      ),
    );
    const verdict = accepted(head, { origin: ['http://example.com'], protocols: ['chat'] });
    expect(verdict).toMatchObject({ protocols: ['chat', 'superchat'], protocol: 'chat', origin: 'http://example.com' });
    expect(writeResponse(verdict)).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${ACCEPT}\r\nSec-WebSocket-Protocol: chat\r\n\r\n`,
    );
  });

  it.each<[string, Parameters<typeof request>[0]]>([
    ['Upgrade in any case', { Upgrade: 'WebSocket' }],
    ['Upgrade in a list', { Upgrade: 'h2c , WEBSOCKET' }],
    ['Upgrade in several lines', { Upgrade: ['h2c', 'websocket'] }],
    ['Connection as Firefox sends it', { Connection: 'keep-alive, Upgrade' }],
    ['Connection in any case and spacing', { Connection: ',\tkeep-alive,,  uPGRADE ,' }],
    ['Connection in several lines', { Connection: ['keep-alive', 'upgrade'] }],
    ['white space around the key', { 'Sec-WebSocket-Key': ` ${KEY}\t` }],
    ['white space around the version', { 'Sec-WebSocket-Version': '\t13 ' }],
    ['a key with bits under its padding', { 'Sec-WebSocket-Key': 'abcdefghijklmnopqrstuv==' }],
    ['an empty body', { 'Content-Length': '0' }],
    ['foreign headers', { 'X-Forwarded-For': ['a', 'b'], Cookie: 'a=b', TE: 'trailers' }],
    ['an IPv6 host', { Host: '[::1]:8080' }],
    ['no subprotocol in the list', { 'Sec-WebSocket-Protocol': '' }],
    ['no extension in the list', { 'Sec-WebSocket-Extensions': ' , ' }],
  ])('%s', (_, headers) => {
    expect(checkRequest(request(headers)).ok).toBe(true);
  });

  it.each(['Connection:Upgrade\r\nUpgrade:WebSocket', 'connection:keep-alive,upgrade\r\nUPGRADE: \t websocket \t'])(
    'header lines such as %j',
    (lines) => {
      const text = `GET / HTTP/1.1\r\nHost:a\r\n${lines}\r\nSec-WebSocket-Version:13\r\nSec-WebSocket-Key:${KEY}\r\n\r\n`;
      expect(checkRequest(parseRequestHead(encodeLatin1(text))).ok).toBe(true);
    },
  );

  it.each(['1.1', '1.2', '2.0', '3.0'])('HTTP/%s', (version) => {
    expect(checkRequest(request({}, { version })).ok).toBe(true);
  });

  it('headers in every shape that users have', () => {
    const pairs = Object.entries(HEADERS);
    for (const headers of [pairs, new Map(pairs), new Headers(pairs), HEADERS, fromRawHeaders(pairs.flat())]) {
      expect(checkRequest(request({}, { headers }))).toMatchObject({ ok: true, accept: ACCEPT });
    }
  });
});

describe('checkRequest refuses', () => {
  it.each([
    ['POST', 405],
    ['get', 405],
    ['HEAD', 405],
    ['OPTIONS', 405],
    ['CONNECT', 405],
    ['', 405],
  ])('the method %j', (method, status) => {
    const verdict = rejected(request({}, { method }));
    expect([verdict.status, verdict.error.code]).toEqual([status, 'WSIMD_BAD_METHOD']);
    expect(verdict.headers).toEqual([['Allow', 'GET']]);
  });

  it.each(['1.0', '0.9', '', '1', '1.', '1.1 ', 'HTTP/1.1'])('the version %j of HTTP', (version) => {
    expect(verdictOf(request({}, { version }))).toEqual([400, 'WSIMD_BAD_HTTP_VERSION']);
  });

  it.each([undefined, '', 'h2c', 'websocket2', 'web socket', '"websocket"', 'websocket/13'])(
    'Upgrade: %j',
    (Upgrade) => {
      expect(verdictOf(request({ Upgrade }))).toEqual([400, 'WSIMD_BAD_UPGRADE']);
    },
  );

  it('a plain GET, saying that it asks for no WebSocket', () => {
    const { status, error, headers } = rejected(request({}, { headers: { Host: 'example.com' } }));
    expect([status, error.code, headers]).toEqual([400, 'WSIMD_BAD_UPGRADE', []]);
    expect(error.message).toBe('the Upgrade header does not contain "websocket": there is none');
  });

  it.each([undefined, '', 'keep-alive', 'close', 'upgraded', 'up grade', '"upgrade"'])(
    'Connection: %j',
    (Connection) => {
      expect(verdictOf(request({ Connection }))).toEqual([400, 'WSIMD_BAD_CONNECTION']);
    },
  );

  it.each([undefined, '', '12', '14', '8', '013', '13.0', '13, 8', ['13', '13'], ['8', '13']])(
    'Sec-WebSocket-Version: %j',
    (version) => {
      const verdict = rejected(request({ 'Sec-WebSocket-Version': version }));
      expect([verdict.status, verdict.error.code]).toEqual([426, 'WSIMD_BAD_VERSION']);
      expect(verdict.headers).toEqual([
        ['Sec-WebSocket-Version', '13'],
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
      ]);
    },
  );

  it.each([
    undefined,
    '',
    'a b',
    'a/b',
    'user@a',
    'a:b',
    'a:99999',
    ['a', 'a'],
    ['a', 'b'],
    'a, a',
    'b\xc3\xbccher',
    '{a}',
    'a%zz',
  ])('Host: %j', (Host) => {
    expect(verdictOf(request({ Host }))).toEqual([400, 'WSIMD_BAD_HOST']);
  });

  it.each([
    undefined,
    '',
    'dGhlIHNhbXBsZSBub25jZQ',
    'dGhlIHNhbXBsZSBub25j',
    'dGhlIHNhbXBsZSBub25jZWE=',
    `${KEY}${KEY}`,
    `${KEY}, ${KEY}`,
    [KEY, KEY],
    [KEY, ''],
    'x'.repeat(10_000),
  ])('Sec-WebSocket-Key: %j', (key) => {
    expect(verdictOf(request({ 'Sec-WebSocket-Key': key }))).toEqual([400, 'WSIMD_BAD_KEY']);
  });

  it.each([
    { 'Content-Length': '5' },
    { 'Content-Length': '' },
    { 'Content-Length': '-0' },
    { 'Content-Length': ['0', '5'] },
    { 'Transfer-Encoding': 'chunked' },
    { 'Transfer-Encoding': '' },
  ])('a body: %j', (headers) => {
    expect(verdictOf(request(headers))).toEqual([400, 'WSIMD_BAD_REQUEST']);
  });

  it.each(['chat, chat', 'a b', 'chat, "superchat"', 'a/b', 'é', ['chat', 'chat'], ['chat', 'super chat']])(
    'Sec-WebSocket-Protocol: %j',
    (protocols) => {
      const asked = request({ 'Sec-WebSocket-Protocol': protocols });
      expect(verdictOf(asked)).toEqual([400, 'WSIMD_BAD_PROTOCOL']);
      expect(verdictOf(asked, { protocols: ['chat'] })).toEqual([400, 'WSIMD_BAD_PROTOCOL']);
    },
  );

  it.each(['permessage-deflate;client max window bits', 'a;', ';', 'a;b="', ['a;b="c', 'd"']])(
    'Sec-WebSocket-Extensions: %j, with and without a function that accepts some',
    (extensions) => {
      const asked = request({ 'Sec-WebSocket-Extensions': extensions });
      expect(verdictOf(asked)).toEqual([400, 'WSIMD_BAD_EXTENSIONS']);
      expect(verdictOf(asked, { extensions: (offers) => offers })).toEqual([400, 'WSIMD_BAD_EXTENSIONS']);
    },
  );

  it.each(['*', '', 'chat', 'example.com:80', 'ftp://example.com/', 'ws://', 'ws://user@example.com/', 'null'])(
    'the target %j',
    (target) => {
      expect(verdictOf(request({}, { target }))).toEqual([400, 'WSIMD_BAD_REQUEST']);
    },
  );

  it('what is wrong first, where more is wrong', () => {
    const broken: Record<string, string | undefined> = {
      'Sec-WebSocket-Extensions': ';',
      'Sec-WebSocket-Protocol': 'a b',
      'Content-Length': '1',
      'Sec-WebSocket-Key': '',
      Host: undefined,
      'Sec-WebSocket-Version': '8',
      Connection: undefined,
      Upgrade: undefined,
      Origin: 'null',
    };
    const head = { method: 'POST', version: '1.0', target: '*' };
    const codes: string[] = [];
    const repair = () => codes.push(rejected(request(broken, head)).error.code);
    repair();
    head.method = 'GET';
    repair();
    head.version = '1.1';
    repair();
    broken.Upgrade = 'websocket';
    repair();
    broken.Connection = 'upgrade';
    repair();
    broken['Sec-WebSocket-Version'] = '13';
    repair();
    broken.Host = 'example.com';
    repair();
    head.target = '/';
    repair();
    broken['Sec-WebSocket-Key'] = KEY;
    repair();
    broken['Content-Length'] = '0';
    repair();
    broken['Sec-WebSocket-Protocol'] = 'a';
    repair();
    broken['Sec-WebSocket-Extensions'] = 'a';
    repair();
    expect(codes).toEqual([
      'WSIMD_BAD_METHOD',
      'WSIMD_BAD_HTTP_VERSION',
      'WSIMD_BAD_UPGRADE',
      'WSIMD_BAD_CONNECTION',
      'WSIMD_BAD_VERSION',
      'WSIMD_BAD_HOST',
      'WSIMD_BAD_REQUEST',
      'WSIMD_BAD_KEY',
      'WSIMD_BAD_REQUEST',
      'WSIMD_BAD_PROTOCOL',
      'WSIMD_BAD_EXTENSIONS',
      'WSIMD_BAD_ORIGIN',
    ]);
  });
});

describe('checkRequest', () => {
  it('lets through what the functions of its caller throw', () => {
    const boom = () => {
      throw new RangeError('boom');
    };
    const asked = request({ Origin: 'null', 'Sec-WebSocket-Protocol': 'a', 'Sec-WebSocket-Extensions': 'a' });
    expect(() => checkRequest(asked, { origin: boom })).toThrow(RangeError);
    expect(() => checkRequest(asked, { origin: 'any', protocols: boom })).toThrow(RangeError);
    expect(() => checkRequest(asked, { origin: 'any', extensions: boom })).toThrow(RangeError);
  });

  it('does not call a mistake of its caller the fault of the client', () => {
    const withoutTarget: RequestHead = JSON.parse(JSON.stringify({ ...request(), target: undefined }));
    expect(() => checkRequest(withoutTarget)).toThrow(TypeError);
  });

  it.each<[string, unknown]>([
    [
      'an IncomingMessage of node:http: take its url as target and its httpVersion as version',
      Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/', httpVersion: '1.1' }),
    ],
    ['an object', { method: 'GET', target: '/', version: 1.1, headers: {} }],
    ['an object', { method: 'GET', target: '/', version: '1.1' }],
    ['undefined', undefined],
    ['null', null],
    ['"GET / HTTP/1.1"', 'GET / HTTP/1.1'],
  ])('says that it takes a request, not %s', (given, value) => {
    expect(() => checkRequest(value as RequestHead)).toThrow(
      new TypeError(`a request is { method, target, version, headers }, not ${given}`),
    );
  });

  it('never throws at what a client sends', () => {
    const name = fc.constantFrom(
      ...Object.keys(HEADERS),
      'Origin',
      'Sec-WebSocket-Protocol',
      'Sec-WebSocket-Extensions',
    );
    const unit = fc.constantFrom('a', 'websocket', 'upgrade', '13', KEY, ',', ';', '=', '"', '\\', ' ', ':', '/', '\n');
    const value = fc.oneof(fc.string({ unit, maxLength: 8 }), fc.string({ unit: 'binary' }));
    const changes = fc.dictionary(name, fc.oneof(value, fc.array(value, { maxLength: 3 }), fc.constant(undefined)));
    const target = fc.oneof(value, fc.webUrl(), fc.constant('/'));
    fc.assert(
      fc.property(changes, target, fc.boolean(), (headers, text, requireOrigin) => {
        const verdict = checkRequest(request(headers, { target: text }), { requireOrigin, extensions: (all) => all });
        if (verdict.ok) expect(() => parseResponseHead(encodeLatin1(writeResponse(verdict)))).not.toThrow();
        else expect(() => parseResponseHead(encodeLatin1(headOf(writeRejection(verdict))))).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });

  // A quadratic reader would need 4 * 10^9 steps for each of these.
  it.each([' ', ',', '\t', ';', '"', '=', ':', '[', 'a', 'a,', ' ,', '", '])(
    'takes linear time for 64 KiB of %j',
    (unit) => {
      const hostile = unit.repeat((64 * 1024) / unit.length);
      const names = [...Object.keys(HEADERS), 'Origin', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions'];
      const start = cpuTime();
      for (const name of names) {
        const verdict = checkRequest(request({ [name]: hostile }), { protocols: ['chat'], origin: ['https://a'] });
        if (!verdict.ok) expect(writeRejection(verdict).length).toBeLessThan(1000);
      }
      checkRequest(request({}, { target: hostile }));
      checkRequest(request({}, { target: `ws://${hostile}` }));
      expect(cpuTime() - start).toBeLessThan(3000);
    },
  );
});
