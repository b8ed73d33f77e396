// src/handshake/server.ts: the responses that a server writes. Which requests it accepts is in server.test.ts.

import { describe, expect, it } from 'vitest';
import { encodeLatin1, parseResponseHead } from '../../../src/handshake/head.js';
import { fromRawHeaders, HeaderList } from '../../../src/handshake/headers.js';
import { rejectRequest, writeRejection, writeResponse } from '../../../src/handshake/server.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { ACCEPT, accepted, headOf, rejected, request } from './requests.js';

describe('writeResponse', () => {
  it('adds headers of the caller in every shape', () => {
    const verdict = accepted(request());
    const lines = writeResponse(verdict, { 'Set-Cookie': ['a=b', 'c=d'], 'X-A': '\xe9' }).split('\r\n');
    expect(lines.slice(4)).toEqual(['Set-Cookie: a=b', 'Set-Cookie: c=d', 'X-A: \xe9', '', '']);
    expect(writeResponse(verdict, fromRawHeaders(['X-A', 'b']))).toMatch(/\r\nx-a: b\r\n\r\n$/);
    expect(writeResponse(verdict, [])).toBe(writeResponse(verdict));
  });

  it.each([
    ['X-A', 'b\r\nSet-Cookie: c'],
    ['X-A', 'b\n'],
    ['X-A', '\0'],
    ['X-A', '€'],
    ['X-A\r\n', 'b'],
    ['X A', 'b'],
    ['', 'b'],
    ['Connection', 'close'],
    ['sec-websocket-accept', ACCEPT],
    ['Sec-WebSocket-Protocol', 'chat'],
    ['Content-Length', '0'],
  ])('throws at the header %j: %j', (name, value) => {
    expect(() => writeResponse(accepted(request()), [[name, value]])).toThrow(TypeError);
  });

  it('throws at a subprotocol or extension that would break out of its line', () => {
    const verdict = accepted(request());
    expect(() => writeResponse({ ...verdict, protocol: 'a\r\nb: c' })).toThrow(TypeError);
    const bad = { name: 'a\r\nb', parameters: [] };
    expect(() => writeResponse({ ...verdict, extensions: [bad] })).toThrow(TypeError);
  });
});

describe('writeRejection', () => {
  it('is a whole response that says what was wrong', () => {
    const text = writeRejection(rejected(request({ 'Sec-WebSocket-Version': '8' })));
    expect(text).toBe(
      'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 41\r\n\r\n' +
        'the Sec-WebSocket-Version is not 13: "8"\n',
    );
  });

  it.each([
    [request({}, { method: 'PUT' }), 'HTTP/1.1 405 Method Not Allowed', /GET: "PUT"\n$/],
    [request({ Upgrade: 'h2c' }), 'HTTP/1.1 400 Bad Request', /Upgrade header .*: "h2c"\n$/],
    [request({ Origin: 'https://evil.com' }), 'HTTP/1.1 403 Forbidden', /Origin .*: "https:\/\/evil.com"\n$/],
  ])('answers %j', (asked, line, body) => {
    const text = writeRejection(rejected(asked));
    const { headers } = parseResponseHead(encodeLatin1(headOf(text)));
    expect(text.startsWith(`${line}\r\n`)).toBe(true);
    expect(headers.get('connection')).toBe('close');
    expect(headers.get('content-length')).toBe(String(text.length - headOf(text).length));
    expect(text).toMatch(body);
    expect(headers.get('allow')).toBe(line.includes('405') ? 'GET' : undefined);
  });

  it('answers a head that could not be read', () => {
    const tooLarge = writeRejection(rejectRequest(new ProtocolError('WSIMD_HEAD_TOO_LARGE')));
    expect(tooLarge).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\nConnection: close\r\n/);
    expect(rejectRequest(new ProtocolError('WSIMD_BAD_REQUEST'))).toMatchObject({
      ok: false,
      status: 400,
      headers: [],
    });
    expect(rejectRequest(new ProtocolError('WSIMD_BAD_METHOD')).headers).toEqual([['Allow', 'GET']]);
    expect(rejectRequest(new ProtocolError('WSIMD_CONNECTION_LOST')).status).toBe(400);
  });

  it('writes a refusal of the caller, in UTF-8', () => {
    const headers = [['WWW-Authenticate', 'Basic realm="a"']] as const;
    const text = writeRejection({ status: 401, error: new Error('wer bist du? 😀'), headers });
    expect(text).toMatch(/^HTTP\/1\.1 401 \r\nWWW-Authenticate: Basic realm="a"\r\nConnection: close\r\n/);
    const bytes = encodeLatin1(text);
    const body = bytes.subarray(headOf(text).length);
    expect(new TextDecoder('utf-8', { fatal: true }).decode(body)).toBe('wer bist du? 😀\n');
    expect(text).toContain(`Content-Length: ${body.length}\r\n`);
  });

  it('throws at a header that would break out of its line', () => {
    const headers = [['X-A', 'b\r\nc: d']] as const;
    expect(() => writeRejection({ status: 401, error: new Error('x'), headers })).toThrow(TypeError);
  });

  it('does not let the client write into the response', () => {
    const Upgrade = 'x\r\nSet-Cookie: a=b\r\n\r\n<script>';
    const text = writeRejection(rejected(request({ Upgrade })));
    expect(headOf(text)).not.toMatch(/cookie/i);
    expect(HeaderList.from(parseResponseHead(encodeLatin1(headOf(text))).headers).get('set-cookie')).toBeUndefined();
  });
});
