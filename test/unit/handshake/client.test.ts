import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptKey, isValidKey } from '../../../src/handshake/accept-key.js';
import {
  type CreateRequestOptions,
  checkResponse,
  createRequest,
  type ResponseAccepted,
  type ResponseRejected,
} from '../../../src/handshake/client.js';
import type { ExtensionOffer } from '../../../src/handshake/extensions.js';
import {
  encodeLatin1,
  HeadReader,
  parseRequestHead,
  parseResponseHead,
  type ResponseHead,
} from '../../../src/handshake/head.js';
import { checkRequest, writeRejection, writeResponse } from '../../../src/handshake/server.js';
import { cpuTime } from '../../support/programs/cpu-time.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const DEFLATE: ExtensionOffer = { name: 'permessage-deflate', parameters: [['client_max_window_bits', true]] };
const FOO: ExtensionOffer = { name: 'foo', parameters: [] };

describe('createRequest', () => {
  it('writes the request of RFC 6455 section 1.3', () => {
    const request = createRequest({
      url: 'ws://server.example.com/chat',
      protocols: ['chat', 'superchat'],
      extensions: [DEFLATE, FOO],
      origin: 'http://example.com',
      key: KEY,
    });
    expect(request.head).toBe(
      'GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n` +
        'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, foo\r\n' +
        'Origin: http://example.com\r\n\r\n',
    );
    expect(request).toMatchObject({ key: KEY, protocols: ['chat', 'superchat'], extensions: [DEFLATE, FOO] });
    expect(parseRequestHead(encodeLatin1(request.head)).headers.get('host')).toBe('server.example.com');
    expect(request.headers[0]).toEqual(['Host', 'server.example.com']);
  });

  it('makes a new key each time', () => {
    const first = createRequest({ url: 'ws://a' });
    const second = createRequest({ url: 'ws://a' });
    expect(isValidKey(first.key)).toBe(true);
    expect(first.head).toContain(`\r\nSec-WebSocket-Key: ${first.key}\r\n`);
    expect(first.key).not.toBe(second.key);
    expect(first).toMatchObject({ protocols: [], extensions: [] });
    expect(first.head).not.toMatch(/protocol|extensions|origin|authorization/i);
  });

  it.each([
    ['ws://example.com', 'example.com', '/', false, 'example.com', 80],
    ['wss://example.com', 'example.com', '/', true, 'example.com', 443],
    ['http://example.com:8080/a?b=c', 'example.com:8080', '/a?b=c', false, 'example.com', 8080],
    ['https://example.com:443/a', 'example.com', '/a', true, 'example.com', 443],
    ['ws://example.com:443?a', 'example.com:443', '/?a', false, 'example.com', 443],
    ['ws://[::1]:9001/runCase', '[::1]:9001', '/runCase', false, '::1', 9001],
    ['WS://EXAMPLE.com/Ä b', 'example.com', '/%C3%84%20b', false, 'example.com', 80],
    [new URL('ws://example.com/a'), 'example.com', '/a', false, 'example.com', 80],
  ])('takes the URL %s apart', (url, host, target, secure, hostname, port) => {
    const request = createRequest({ url });
    expect(request).toMatchObject({ target, secure, hostname, port });
    expect(request.head.startsWith(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n`)).toBe(true);
  });

  it.each([
    ['ws://user:pa%20ss%3A@a', 'Basic dXNlcjpwYSBzczo='],
    ['ws://%C3%BC@a', 'Basic w7w6'],
    ['ws://:x@a', 'Basic Ong='],
    ['ws://%zz@a', 'Basic JXp6Og=='],
  ])('turns the credentials of %s into a header', (url, authorization) => {
    const request = createRequest({ url });
    expect(request.headers.at(-1)).toEqual(['Authorization', authorization]);
    expect(request.head).toContain('\r\nHost: a\r\n');
  });

  it('adds headers of the caller, of which three replace its own', () => {
    const { headers } = createRequest({
      url: 'ws://user@a',
      origin: 'https://b',
      key: KEY,
      headers: { host: 'c', ORIGIN: 'https://d', authorization: 'Bearer e', Cookie: ['f=g', 'h=i'] },
    });
    expect(headers).toEqual([
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Key', KEY],
      ['Sec-WebSocket-Version', '13'],
      ['host', 'c'],
      ['ORIGIN', 'https://d'],
      ['authorization', 'Bearer e'],
      ['Cookie', 'f=g'],
      ['Cookie', 'h=i'],
    ]);
  });

  it.each<CreateRequestOptions>([
    { url: '' },
    { url: '/chat' },
    { url: 'example.com/chat' },
    { url: 'ws://' },
    { url: 'ftp://a' },
    { url: 'wsx://a' },
    { url: 'localhost:8080' },
    { url: 'ws://a/#' },
    { url: 'ws://a/#b' },
    { url: 'ws://a', protocols: ['a', 'a'] },
    { url: 'ws://a', protocols: [''] },
    { url: 'ws://a', protocols: ['a b'] },
    { url: 'ws://a', protocols: ['a,b'] },
    { url: 'ws://a', protocols: ['a\r\n'] },
    { url: 'ws://a', extensions: [{ name: 'a;b', parameters: [] }] },
    { url: 'ws://a', extensions: [{ name: 'a', parameters: [['b', '"c"']] }] },
    { url: 'ws://a', origin: 'http://a\r\nX: y' },
    { url: 'ws://a', key: '' },
    { url: 'ws://a', key: 'AAAA' },
    { url: 'ws://a', headers: { 'X-A': 'b\r\nc: d' } },
    { url: 'ws://a', headers: { 'X-A': '\0' } },
    { url: 'ws://a', headers: { 'X A': 'b' } },
    { url: 'ws://a', headers: { Upgrade: 'websocket' } },
    { url: 'ws://a', headers: { 'sec-websocket-protocol': 'chat' } },
    { url: 'ws://a', headers: { 'Content-Length': '3' } },
  ])('throws a TypeError at %j', (options) => {
    expect(() => createRequest(options)).toThrow(TypeError);
  });
});

const REQUEST = createRequest({
  url: 'ws://a',
  protocols: ['chat', 'superchat'],
  extensions: [DEFLATE, FOO],
  key: KEY,
});

const HEADERS: Readonly<Record<string, string>> = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Accept': ACCEPT,
};

/** A response by the rules, with these headers changed, added, or (undefined) taken away. */
function response(headers: Readonly<Record<string, string | readonly string[] | undefined>> = {}, status = 101) {
  return { status, headers: { ...HEADERS, ...headers } } satisfies ResponseHead;
}

function accepted(from: ResponseHead, request = REQUEST): ResponseAccepted {
  const verdict = checkResponse(from, request);
  if (!verdict.ok) throw verdict.error;
  return verdict;
}

function rejected(from: ResponseHead, request = REQUEST): ResponseRejected {
  const verdict = checkResponse(from, request);
  if (verdict.ok) throw new Error('accepted');
  expect(verdict.status).toBe(from.status);
  return verdict;
}

describe('checkResponse accepts', () => {
  it('a response by the rules', () => {
    const verdict = accepted(response());
    expect(verdict.protocol).toBeUndefined();
    expect(verdict.extensions).toEqual([]);
    expect(verdict.headers.get('upgrade')).toBe('websocket');
  });

  it.each<[string, Parameters<typeof response>[0]]>([
    ['Upgrade in any case', { Upgrade: 'WebSocket' }],
    ['Connection in any case', { Connection: 'uPgRaDe' }],
    ['Connection in a list', { Connection: 'keep-alive,Upgrade' }],
    ['Connection in several lines', { Connection: ['keep-alive', 'Upgrade'] }],
    ['white space around the answer', { 'Sec-WebSocket-Accept': `\t${ACCEPT} ` }],
    ['foreign headers', { 'Access-Control-Allow-Origin': '*', Server: 'x', 'Content-Length': '0' }],
    ['no extension in the list', { 'Sec-WebSocket-Extensions': '' }],
  ])('%s', (_, headers) => {
    expect(checkResponse(response(headers), REQUEST).ok).toBe(true);
  });

  it.each([
    'HTTP/1.1 101 WebSocket Protocol Handshake\r\nAccess-Control-Allow-Origin: http://a\r\nAccess-Control-Allow-Credentials: true',
    'HTTP/1.1 101 Web Socket Protocol Handshake',
    'HTTP/1.1 101 ',
    'HTTP/1.1 101',
    // As servers made of simple HTTP libraries say it; all of section 4.1 is there.
    'HTTP/1.0 101 Switching Protocols',
  ])('what begins with %j', (start) => {
    const head = `${start}\r\nConnection:Upgrade\r\nUpgrade:WebSocket\r\nSec-WebSocket-Accept:${ACCEPT}\r\n\r\n`;
    expect(checkResponse(parseResponseHead(encodeLatin1(head)), REQUEST).ok).toBe(true);
  });

  it('a subprotocol that was offered', () => {
    expect(accepted(response({ 'Sec-WebSocket-Protocol': 'superchat' })).protocol).toBe('superchat');
  });

  it('extensions that were offered, in any order', () => {
    const headers = { 'Sec-WebSocket-Extensions': ['foo', 'permessage-deflate; client_max_window_bits="12"'] };
    expect(accepted(response(headers)).extensions).toEqual([
      FOO,
      { name: 'permessage-deflate', parameters: [['client_max_window_bits', '12']] },
    ]);
  });
});

describe('checkResponse refuses', () => {
  it.each([
    [{ Upgrade: undefined }, 'WSIMD_RESPONSE_UPGRADE'],
    [{ Upgrade: '' }, 'WSIMD_RESPONSE_UPGRADE'],
    [{ Upgrade: 'h2c' }, 'WSIMD_RESPONSE_UPGRADE'],
    [{ Upgrade: 'h2c, websocket' }, 'WSIMD_RESPONSE_UPGRADE'],
    [{ Upgrade: ['websocket', 'websocket'] }, 'WSIMD_RESPONSE_UPGRADE'],
    [{ Connection: undefined }, 'WSIMD_RESPONSE_CONNECTION'],
    [{ Connection: 'close' }, 'WSIMD_RESPONSE_CONNECTION'],
    [{ 'Sec-WebSocket-Accept': undefined }, 'WSIMD_RESPONSE_ACCEPT'],
    [{ 'Sec-WebSocket-Accept': '' }, 'WSIMD_RESPONSE_ACCEPT'],
    [{ 'Sec-WebSocket-Accept': KEY }, 'WSIMD_RESPONSE_ACCEPT'],
    [{ 'Sec-WebSocket-Accept': ACCEPT.toLowerCase() }, 'WSIMD_RESPONSE_ACCEPT'],
    [{ 'Sec-WebSocket-Accept': ACCEPT.slice(0, -1) }, 'WSIMD_RESPONSE_ACCEPT'],
    [{ 'Sec-WebSocket-Accept': acceptKey('other') }, 'WSIMD_RESPONSE_ACCEPT'],
    [{ 'Sec-WebSocket-Accept': [ACCEPT, ACCEPT] }, 'WSIMD_RESPONSE_ACCEPT'],
    [{ 'Sec-WebSocket-Protocol': 'other' }, 'WSIMD_RESPONSE_PROTOCOL'],
    [{ 'Sec-WebSocket-Protocol': 'CHAT' }, 'WSIMD_RESPONSE_PROTOCOL'],
    [{ 'Sec-WebSocket-Protocol': '' }, 'WSIMD_RESPONSE_PROTOCOL'],
    [{ 'Sec-WebSocket-Protocol': 'chat, superchat' }, 'WSIMD_RESPONSE_PROTOCOL'],
    [{ 'Sec-WebSocket-Protocol': ['chat', 'chat'] }, 'WSIMD_RESPONSE_PROTOCOL'],
    [{ 'Sec-WebSocket-Extensions': 'bar' }, 'WSIMD_RESPONSE_EXTENSIONS'],
    [{ 'Sec-WebSocket-Extensions': 'foo, bar' }, 'WSIMD_RESPONSE_EXTENSIONS'],
    [{ 'Sec-WebSocket-Extensions': 'FOO' }, 'WSIMD_RESPONSE_EXTENSIONS'],
    [{ 'Sec-WebSocket-Extensions': 'foo, foo' }, 'WSIMD_RESPONSE_EXTENSIONS'],
    [{ 'Sec-WebSocket-Extensions': ['foo', 'foo'] }, 'WSIMD_RESPONSE_EXTENSIONS'],
    [{ 'Sec-WebSocket-Extensions': 'foo;' }, 'WSIMD_RESPONSE_EXTENSIONS'],
    [{ 'Sec-WebSocket-Extensions': 'permessage-deflate;client max window bits' }, 'WSIMD_RESPONSE_EXTENSIONS'],
  ])('%j with %s', (headers, code) => {
    const { error } = rejected(response(headers));
    expect(error.code).toBe(code);
    expect(error.status).toBeUndefined();
  });

  it('a subprotocol or an extension where none was offered', () => {
    const request = createRequest({ url: 'ws://a', key: KEY });
    expect(rejected(response({ 'Sec-WebSocket-Protocol': 'chat' }), request).error.code).toBe(
      'WSIMD_RESPONSE_PROTOCOL',
    );
    expect(rejected(response({ 'Sec-WebSocket-Protocol': '' }), request).error.code).toBe('WSIMD_RESPONSE_PROTOCOL');
    expect(rejected(response({ 'Sec-WebSocket-Extensions': 'foo' }), request).error.code).toBe(
      'WSIMD_RESPONSE_EXTENSIONS',
    );
  });

  it.each([100, 103, 200, 301, 302, 307, 400, 401, 403, 404, 426, 500, 503])(
    'the status %i, which it hands out with its headers',
    (status) => {
      const verdict = rejected({ status, headers: { Location: 'ws://b', 'WWW-Authenticate': ['Basic', 'Bearer'] } });
      expect(verdict.error.code).toBe('WSIMD_UNEXPECTED_STATUS');
      expect(verdict.error.message).toMatch(new RegExp(`: ${status}$`));
      expect(verdict.headers.get('location')).toBe('ws://b');
      expect(verdict.headers.getAll('www-authenticate')).toEqual(['Basic', 'Bearer']);
      expect(rejected(response({}, status)).error.code).toBe('WSIMD_UNEXPECTED_STATUS');
    },
  );
});

describe('checkResponse', () => {
  it('does not call a mistake of its caller the fault of the server', () => {
    const withoutKey: typeof REQUEST = JSON.parse(JSON.stringify({ ...REQUEST, key: undefined }));
    expect(() => checkResponse(response(), withoutKey)).toThrow(TypeError);
  });

  it.each<[string, unknown]>([
    [
      'an IncomingMessage of node:http: take its statusCode as status',
      Object.assign(new IncomingMessage(new Socket()), { statusCode: 101 }),
    ],
    ['an object', { status: '101', headers: {} }],
    ['undefined', undefined],
  ])('says that it takes a response, not %s', (given, value) => {
    const request = createRequest({ url: 'ws://example.com/' });
    expect(() => checkResponse(value as ResponseHead, request)).toThrow(
      new TypeError(`a response is { status, headers }, not ${given}`),
    );
  });

  it('never throws at what a server sends', () => {
    const name = fc.constantFrom(...Object.keys(HEADERS), 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions');
    const unit = fc.constantFrom('a', 'websocket', 'upgrade', ACCEPT, 'chat', 'foo', ',', ';', '=', '"', ' ', '\n');
    const value = fc.oneof(fc.string({ unit, maxLength: 8 }), fc.string({ unit: 'binary' }));
    const changes = fc.dictionary(name, fc.oneof(value, fc.array(value, { maxLength: 3 }), fc.constant(undefined)));
    fc.assert(
      fc.property(changes, (headers) => {
        const verdict = checkResponse(response(headers), REQUEST);
        if (!verdict.ok) expect(verdict.error.code).toMatch(/^WSIMD_RESPONSE_/);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes linear time for 64 KiB of anything', () => {
    const start = cpuTime();
    for (const unit of [' ', ',', ';', '"', '=', 'a', 'foo,']) {
      const hostile = unit.repeat((64 * 1024) / unit.length);
      for (const name of [...Object.keys(HEADERS), 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions']) {
        expect(checkResponse(response({ [name]: hostile }), REQUEST)).toBeDefined();
      }
    }
    expect(cpuTime() - start).toBeLessThan(5000);
  });
});

describe('both sides together', () => {
  it('agree over bytes', () => {
    const asked = createRequest({
      url: 'ws://localhost:8080/chat?a',
      protocols: ['a', 'b'],
      extensions: [FOO, DEFLATE],
      origin: 'http://localhost:8080',
    });
    const received = new HeadReader().push(encodeLatin1(asked.head));
    const verdict = checkRequest(parseRequestHead(received?.head ?? new Uint8Array(0)), {
      protocols: ['b'],
      extensions: (offers) => offers.slice(0, 1),
    });
    if (!verdict.ok) throw verdict.error;
    expect(verdict).toMatchObject({ key: asked.key, path: '/chat?a', host: 'localhost:8080', protocols: ['a', 'b'] });
    const answer = new HeadReader().push(encodeLatin1(`${writeResponse(verdict, { 'X-A': 'b' })}frames`));
    expect(answer?.rest).toEqual(new TextEncoder().encode('frames'));
    const agreed = accepted(parseResponseHead(answer?.head ?? new Uint8Array(0)), asked);
    expect(agreed).toMatchObject({ protocol: 'b', extensions: [FOO] });
    expect(agreed.headers.get('x-a')).toBe('b');
  });

  it('agree that they do not agree', () => {
    const asked = createRequest({ url: 'ws://localhost', origin: 'http://elsewhere' });
    const verdict = checkRequest(parseRequestHead(encodeLatin1(asked.head)));
    if (verdict.ok) throw new Error('accepted');
    const answer = new HeadReader().push(encodeLatin1(writeRejection(verdict)));
    const refusal = rejected(parseResponseHead(answer?.head ?? new Uint8Array(0)), asked);
    expect([refusal.status, refusal.error.code]).toEqual([403, 'WSIMD_UNEXPECTED_STATUS']);
    expect(new TextDecoder().decode(answer?.rest)).toMatch(/Origin are not accepted: "http:\/\/elsewhere"\n$/);
  });
});
