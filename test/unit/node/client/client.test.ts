// src/node/client/client.ts: what it makes of the answers that servers give.

import { describe, expect, onTestFinished, test } from 'vitest';
import { FrameEncoder } from '../../../../src/index.js';
import { connect, UnexpectedResponseError } from '../../../../src/node/index.js';
import { digest } from '../../../support/inputs/digest.js';
import { startHttp } from '../../../support/servers/http.js';
import { next, startServer } from '../../../support/servers/servers.js';
import { startAnswering, switching } from '../../../support/servers/tcp.js';
import { makeCertificate } from '../../../support/servers/tls.js';

/** A server that answers every request with what `answer` says. */
const startWriting = (answer: (accept: string, head: string) => string | Buffer) =>
  startAnswering((socket, { head, accept }) => void socket.write(answer(accept, head)));

describe('connect', () => {
  test('frames that came with the answer are delivered to who listens once the promise is fulfilled', async () => {
    const frame = new FrameEncoder({ role: 'server' }).encodeText('early');
    const url = await startWriting((accept) => Buffer.concat([Buffer.from(switching(accept)), frame]));
    const webSocket = await connect(url);
    expect(await next(webSocket, 'message')).toEqual([Buffer.from('early'), false]);
    webSocket.terminate();
  });

  test('an answer as it is in use', async () => {
    const url = await startWriting(
      (accept) =>
        `HTTP/1.1 101 WebSocket Protocol Handshake\r\nAccess-Control-Allow-Origin: *\r\nconnection: UPGRADE\r\nupgrade: WebSocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const webSocket = await connect(url);
    webSocket.terminate();
  });

  test.each<[string, (accept: string) => string, string]>([
    ['a wrong accept key', () => switching('s3pPLMBiTxaQ9kYGzzhZRbK+xOo='), 'WSIMD_RESPONSE_ACCEPT'],
    [
      'a subprotocol not offered',
      (accept) => switching(accept, 'Sec-WebSocket-Protocol: other\r\n'),
      'WSIMD_RESPONSE_PROTOCOL',
    ],
    [
      'an extension not offered',
      (accept) => switching(accept, 'Sec-WebSocket-Extensions: permessage-bzip2\r\n'),
      'WSIMD_RESPONSE_EXTENSIONS',
    ],
  ])('%s fails', async (_what, answer, code) => {
    await expect(connect(await startWriting(answer))).rejects.toMatchObject({ code });
  });

  test('a redirect and a 401 reach the caller as what they are', async () => {
    const { url } = await startHttp((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { Location: '/there' }).end();
      else response.writeHead(401, { 'WWW-Authenticate': 'Basic' }).end('who are you?');
    });
    const moved = await connect(`${url}/moved`).catch((error) => error);
    expect(moved).toBeInstanceOf(UnexpectedResponseError);
    expect([moved.code, moved.response.statusCode, moved.response.headers.location]).toEqual([
      'WSIMD_UNEXPECTED_STATUS',
      302,
      '/there',
    ]);
    const unauthorized = await connect(`${url}/`).catch((error) => error);
    expect(unauthorized.response.headers['www-authenticate']).toBe('Basic');
    let body = '';
    for await (const chunk of unauthorized.response) body += chunk;
    expect(body).toBe('who are you?');
  });

  test('sends what the options say', async () => {
    const heads: string[] = [];
    const url = await startWriting((accept, head) => {
      heads.push(head);
      return switching(accept, 'Sec-WebSocket-Protocol: b\r\n');
    });
    const webSocket = await connect(url.replace('ws://', 'ws://user:secret@'), {
      protocols: ['a', 'b'],
      origin: 'http://example.com',
      headers: { 'X-Test': 'yes' },
    });
    expect(webSocket.protocol).toBe('b');
    expect(heads[0]).toContain('Sec-WebSocket-Protocol: a, b\r\n');
    expect(heads[0]).toContain('Origin: http://example.com\r\n');
    expect(heads[0]).toContain('X-Test: yes\r\n');
    expect(heads[0]).toContain(`Authorization: Basic ${Buffer.from('user:secret').toString('base64')}\r\n`);
    webSocket.terminate();
  });

  test('nobody there, nobody answering, no patience, no URL', async () => {
    await expect(connect('ws://127.0.0.1:1/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const silent = await startAnswering(() => {});
    await expect(connect(silent, { handshakeTimeout: 50 })).rejects.toMatchObject({ code: 'WSIMD_HANDSHAKE_TIMEOUT' });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await expect(connect(silent, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    await expect(connect('ftp://127.0.0.1/')).rejects.toThrow(SyntaxError);
  });

  test.each(['ws', 'wss'])('a whole conversation over %s:', async (scheme) => {
    const certificate = scheme === 'wss' ? makeCertificate() : undefined;
    const running = await startServer({}, certificate === undefined ? {} : { certificate });
    onTestFinished(() => running.stop());
    const webSocket = await connect(running.url, certificate === undefined ? {} : { ca: certificate.cert });
    const received: (string | Buffer)[] = [];
    webSocket.on('message', (data: Buffer, isBinary) => received.push(isBinary ? data : data.toString()));
    const sent = ['hello', '漢字🎉'.repeat(1000), Buffer.alloc(1 << 20, 'abc'), ''];
    for (const data of sent) webSocket.send(data);
    await expect.poll(() => received.length).toBe(sent.length);
    expect(received.map(digest)).toEqual(sent.map(digest));
    const closed = next(webSocket, 'close');
    webSocket.close(3999, 'the end');
    expect(await closed).toEqual([3999, Buffer.from('the end')]);
  });
});
