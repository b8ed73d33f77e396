// src/web/: the handshake of a WebSocket over streams: what is accepted, refused and given up, on either side.

import { describe, expect, it } from 'vitest';
import { createRequest } from '../../../../src/handshake/client.js';
import { encodeLatin1 } from '../../../../src/handshake/head.js';
import { acceptWebSocket, type ByteStreams, connectWebSocket } from '../../../../src/web/index.js';
import { connectedStreams } from '../memory-streams.js';
import { answerTo, readAll, rejectionOf, socketOver, URL } from './open.js';

describe('opening', () => {
  it('tells of path, subprotocol and headers on both sides', async () => {
    const [near, far] = connectedStreams();
    const server = acceptWebSocket(far, { protocols: ['b'], headers: [['X-Served-By', 'test']] });
    const client = connectWebSocket(near, { url: `${URL}?x=1`, protocols: ['a', 'b'], headers: [['X-Me', 'you']] });
    const { request, protocol } = await server.opened;
    const opened = await client.opened;
    expect([request.path, request.headers.get('x-me'), protocol]).toEqual(['/chat?x=1', 'you', 'b']);
    expect([opened.protocol, opened.extensions, opened.response.headers.get('x-served-by')]).toEqual(['b', '', 'test']);
  });

  it('takes frames that come in one chunk with the handshake', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    const head = encodeLatin1(createRequest({ url: URL }).head);
    const frames = Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69, 0x88, 0x80, 0, 0, 0, 0);
    const writer = near.writable.getWriter();
    await writer.write(new Uint8Array([...head, ...frames]));
    expect(await readAll((await server.opened).readable)).toEqual(['hi']);
    await writer.close();
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  it('takes a head that comes byte by byte', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    const writer = near.writable.getWriter();
    for (const byte of encodeLatin1(createRequest({ url: URL }).head)) await writer.write(Uint8Array.of(byte));
    expect((await server.opened).request.path).toBe('/chat');
  });

  it.each([
    ['streams', (streams: ByteStreams) => streams],
    ['a socket that reads into a buffer', socketOver],
  ] as const)('a client takes frames that come with the response, over %s', async (_name, over) => {
    for (const frames of [[], [0x81, 2, 0x68, 0x69]]) {
      const [near, far] = connectedStreams(4);
      const client = connectWebSocket(over(near), { url: URL });
      const { value } = await far.readable.getReader().read();
      const writer = far.writable.getWriter();
      await writer.write(new Uint8Array([...(await answerTo(value!)), ...frames]));
      const { readable } = await client.opened;
      await writer.write(Uint8Array.of(0x88, 0));
      await writer.close();
      expect(await readAll(readable)).toEqual(frames.length > 0 ? ['hi'] : []);
      expect(await client.closed).toEqual({ closeCode: 1005, reason: '' });
    }
  });

  it('answers what is no request with 400', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    await near.writable.getWriter().write(encodeLatin1('GET /chat HTTP/1.1\r\nno header\r\n\r\n'));
    const { value } = await near.readable.getReader().read();
    expect(new TextDecoder().decode(value)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await rejectionOf(server.opened)).status).toBe(400);
  });

  it.each([
    ['streams', (streams: ByteStreams) => streams],
    ['a socket that reads into a buffer', socketOver],
  ] as const)('skips interim responses, over %s', async (_name, over) => {
    for (const isApart of [false, true]) {
      const [near, far] = connectedStreams(4);
      const client = connectWebSocket(over(near), { url: URL });
      const { value } = await far.readable.getReader().read();
      const answer = await answerTo(value!);
      const writer = far.writable.getWriter();
      const early = encodeLatin1('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
      if (isApart) await writer.write(early);
      await writer.write(new Uint8Array([...(isApart ? [] : early), ...answer]));
      expect((await client.opened).protocol).toBe('');
    }
  });

  it('refuses a request that breaks the rules, with an answer', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    await near.writable.getWriter().write(encodeLatin1('POST / HTTP/1.1\r\nHost: a\r\n\r\n'));
    const { value } = await near.readable.getReader().read();
    expect(new TextDecoder().decode(value)).toMatch(/^HTTP\/1\.1 405 .*\r\nAllow: GET\r\n/);
    const error = await rejectionOf(server.opened);
    expect([error.code, error.status]).toEqual(['WSIMD_BAD_METHOD', 405]);
    expect(await rejectionOf(server.closed)).toBe(error);
  });

  it('rejects what the caller rejects, with the status that it gives', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far, {
      refuse: async ({ path }) =>
        path === '/chat' ? { status: 401, headers: [['WWW-Authenticate', 'Basic']] } : undefined,
    });
    const client = connectWebSocket(near, { url: URL });
    expect(await rejectionOf(client.opened)).toMatchObject({ code: 'WSIMD_UNEXPECTED_STATUS' });
    expect(await rejectionOf(server.opened)).toMatchObject({ code: 'WSIMD_REFUSED', status: 401 });
  });

  it('refuses an origin that is not its own', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    connectWebSocket(near, { url: URL, origin: 'https://evil.example' });
    expect(await rejectionOf(server.opened)).toMatchObject({ code: 'WSIMD_BAD_ORIGIN', status: 403 });
  });

  it('gives up after its time, on both sides', async () => {
    const [near, far] = connectedStreams(4);
    const client = connectWebSocket(near, { url: URL, handshakeTimeout: 20 });
    expect((await rejectionOf(client.opened)).code).toBe('WSIMD_HANDSHAKE_TIMEOUT');
    const server = acceptWebSocket(connectedStreams(4)[1], { handshakeTimeout: 20 });
    expect((await rejectionOf(server.opened)).code).toBe('WSIMD_HANDSHAKE_TIMEOUT');
    expect((await rejectionOf(server.closed)).code).toBe('WSIMD_HANDSHAKE_TIMEOUT');
    void far;
  });

  it('gives up when it is told to, by signal or close()', async () => {
    const abort = new AbortController();
    const client = connectWebSocket(connectedStreams(4)[0], { url: URL, signal: abort.signal });
    abort.abort(new Error('changed my mind'));
    await expect(client.opened).rejects.toThrow('changed my mind');
    const other = connectWebSocket(connectedStreams(4)[0], { url: URL });
    other.close();
    expect((await rejectionOf(other.opened)).code).toBe('WSIMD_NOT_OPEN');
    const late = connectWebSocket(connectedStreams(4)[0], { url: URL, signal: AbortSignal.abort(new Error('late')) });
    await expect(late.opened).rejects.toThrow('late');
  });

  it('fails when the transport ends during the handshake', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    await near.writable.getWriter().close();
    expect((await rejectionOf(server.opened)).code).toBe('WSIMD_CONNECTION_LOST');
  });

  it('does not take streams that somebody else reads', () => {
    const [near] = connectedStreams();
    near.readable.getReader();
    expect(() => acceptWebSocket(near)).toThrow(TypeError);
  });
});
