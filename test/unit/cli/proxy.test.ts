// `wsimd proxy`, started as a program: between clients and servers of `ws`, of TCP and of TLS. Access control is in
// proxy/access.test.ts.

import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { readRecordings, replay } from '../../../src/testing/index.js';
import { Peer, stream } from '../../support/frames/wire.js';
import { createRandom, randomBytes } from '../../support/inputs/random.js';
import { RawClient, requestHead } from '../../support/peers/raw-client.js';
import { ofType, toldIn } from '../../support/programs/inspected.js';
import { startProxy } from '../../support/servers/proxy.js';
import { runWsimd } from '../../support/servers/serve.js';
import { next } from '../../support/servers/servers.js';
import { startAnswering, switching } from '../../support/servers/tcp.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { echo, startWs } from '../../support/servers/ws.js';

const client = new Peer('server');
const server = new Peer('client');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-proxy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A client of `ws` that is open. */
async function open(url: string, options: object = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  onTestFinished(() => socket.terminate());
  await next(socket, 'open');
  return socket;
}

/** A client that has had its handshake. */
async function openRaw(port: number): Promise<RawClient> {
  const raw = new RawClient(port);
  onTestFinished(() => void raw.socket.destroy());
  raw.send(requestHead(port));
  expect(await raw.takeHead()).toContain('HTTP/1.1 101 ');
  return raw;
}

/** Sends bytes in pieces of random lengths, and waits where the other end is slow. */
async function sendInPieces(socket: Socket, bytes: Uint8Array, seed: number): Promise<void> {
  const random = createRandom(seed);
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + (random() % (random() % 4 === 0 ? 5 : 60_000));
    if (!socket.write(bytes.subarray(at, at + length))) await next(socket, 'drain');
    if (random() % 8 === 0) await new Promise(setImmediate);
    at += length;
  }
}

describe('bytes', () => {
  it.each([
    ['that are no frames', randomBytes(3_000_000, 1), randomBytes(2_000_000, 2)],
    [
      'of frames, broken ones among them',
      stream(...Array.from({ length: 400 }, (_, i) => client.binary(randomBytes((i * 97) % 9000, i)))),
      stream(
        ...Array.from({ length: 400 }, (_, i) => (i % 50 === 49 ? client : server).text('a'.repeat((i * 131) % 7000))),
      ),
    ],
  ])('%s: both ends get what the other has sent, by its hash', async (_, toServer, toClient) => {
    const received: Buffer[] = [];
    let sent: Promise<void> | undefined;
    const url = await startAnswering((socket, { accept }) => {
      socket.removeAllListeners('data');
      socket.on('data', (chunk: Buffer) => received.push(chunk));
      socket.write(switching(accept));
      sent = sendInPieces(socket, toClient, 3);
    });
    const proxy = await startProxy('--json', '--payload', '16', url);
    const raw = await openRaw(proxy.port);
    await sendInPieces(raw.socket, toServer, 4);
    const got = await raw.take(toClient.length);
    await sent;
    await expect
      .poll(() => received.reduce((sum, { length }) => sum + length, 0), { timeout: 20_000 })
      .toBe(toServer.length);
    expect(sha256(got)).toBe(sha256(toClient));
    expect(sha256(Buffer.concat(received))).toBe(sha256(toServer));
  });

  it('of a client or a server that ends early reach the other', async () => {
    const heard: Buffer[] = [];
    const url = await startAnswering((socket, { accept }) => {
      socket.removeAllListeners('data');
      socket.on('data', (chunk: Buffer) => heard.push(chunk));
      socket.write(switching(accept));
      socket.write(stream(server.text('last words')));
      socket.end();
    });
    const proxy = await startProxy('--json', url);
    const raw = await openRaw(proxy.port);
    expect(
      Buffer.from(await raw.take(12))
        .subarray(2)
        .toString(),
    ).toBe('last words');
    raw.send(stream(client.text('late')));
    await raw.closed;
    await expect.poll(() => ofType(proxy.told, 'note').map(({ text }) => text)).toContain('the connection is over');
  });
});

describe('a chat', () => {
  it('compressed, with one broken frame: every frame is told, inflated, and the broken byte is named', async () => {
    const { url, server: chat } = await startWs((socket) => {
      socket.on('error', () => {});
      echo(socket);
    });
    chat.options.perMessageDeflate = { threshold: 0 };
    const proxy = await startProxy('--json', url);
    const socket = await open(proxy.url, { perMessageDeflate: { threshold: 0 } });
    expect(socket.extensions).toContain('permessage-deflate');
    for (const text of ['hello', 'hello again', 'hello '.repeat(1000)]) {
      socket.send(text);
      const [data] = (await next(socket, 'message')) as [Buffer];
      expect(String(data)).toBe(text);
    }
    socket.on('error', () => {});
    (socket as unknown as { _socket: Socket })._socket.write(Buffer.of(0x83, 0x80, 0, 0, 0, 0));
    await next(socket, 'close');
    await expect.poll(() => ofType(proxy.told, 'violation').length).toBe(1);
    const told = proxy.told;
    const messages = ofType(told, 'message');
    expect(messages.filter(({ from }) => from === 'client').map(({ payload }) => payload)).toEqual([
      { text: 'hello', isCut: false },
      { text: 'hello again', isCut: false },
      { text: 'hello '.repeat(1000).slice(0, 4096), isCut: true },
    ]);
    expect(messages.filter(({ from }) => from === 'server')).toHaveLength(3);
    expect(messages.every(({ isCompressed }) => isCompressed)).toBe(true);
    const [violation] = ofType(told, 'violation');
    expect(violation).toMatchObject({ from: 'client', code: 'WSIMD_RESERVED_OPCODE', closeCode: 1002 });
    const frames = ofType(told, 'frame').filter(({ from }) => from === 'client');
    expect(frames.at(-1)).toMatchObject({ isRefused: true, offset: violation!.offset });
  });

  it('over TLS upstream, with the handshake as the options say', async () => {
    const certificate = makeCertificate();
    const https = createHttpsServer({ ...certificate });
    const requests: IncomingMessage[] = [];
    const secure = new WebSocketServer({ server: https });
    secure.on('connection', (socket, request) => {
      requests.push(request);
      echo(socket);
    });
    https.listen(0, '127.0.0.1');
    await next(https, 'listening');
    onTestFinished(() => {
      for (const socket of secure.clients) socket.terminate();
      https.close();
    });
    const ca = join(makeFolder(), 'ca.pem');
    writeFileSync(ca, certificate.cert);
    const target = `localhost:${(https.address() as AddressInfo).port}`;
    const headers = { Cookie: 'a=b', 'X-Kept': 'as it was' };
    const own = { headers, origin: 'http://localhost:3000' };

    const kept = await startProxy('--ca', ca, `wss://${target}`);
    const first = new WebSocket(`${kept.url}path?q=1`, ['chat'], own);
    onTestFinished(() => first.terminate());
    await next(first, 'open');
    expect(first.protocol).toBe('chat');
    first.send('hi');
    await next(first, 'message');
    await expect.poll(() => kept.stdout).toMatch(/text +FIN.*"hi".*text +FIN.*"hi"/s);

    const options = ['--keep-host', '--origin', 'https://o.example', '--no-cookies', '--no-compression'];
    const changed = await startProxy('--ca', ca, ...options, '--header', 'X-Kept: changed', `wss://${target}/fixed`);
    const second = new WebSocket(`${changed.url}path`, ['chat'], own);
    onTestFinished(() => second.terminate());
    await next(second, 'open');
    expect(second.extensions).toBe('');
    expect(requests.map(({ url }) => url)).toEqual(['/path?q=1', '/fixed']);
    expect(requests[0]!.headers).toMatchObject({
      ...{ host: target, origin: 'http://localhost:3000', cookie: 'a=b', 'x-kept': 'as it was' },
      'sec-websocket-protocol': 'chat',
    });
    expect(requests[1]!.headers).toMatchObject({
      ...{ host: new URL(changed.url).host, origin: 'https://o.example', 'x-kept': 'changed' },
      'sec-websocket-protocol': 'chat',
    });
    for (const name of ['cookie', 'sec-websocket-extensions']) expect(requests[1]!.headers).not.toHaveProperty(name);
  });

  it('recorded: `wsimd inspect` tells of the file what the proxy told', async () => {
    const { url } = await startWs();
    const file = join(makeFolder(), 'chat.pcap');
    const proxy = await startProxy('--json', '--record', file, url);
    const socket = await open(proxy.url);
    for (const data of ['a', 'b'.repeat(100_000), Buffer.of(1, 2, 3)]) {
      socket.send(data);
      await next(socket, 'message');
    }
    socket.close(4000, 'done');
    await next(socket, 'close');
    await expect.poll(() => ofType(proxy.told, 'note').map(({ text }) => text)).toContain('the connection is over');
    expect(await proxy.stop()).toBe(0);
    const { code, stdout } = await runWsimd('inspect', '--json', file);
    expect(code).toBe(0);
    const shown = (told: readonly { type: string }[]) =>
      told
        .filter(({ type }) => type !== 'connection' && type !== 'note')
        .map((entry) => JSON.stringify({ ...entry, time: undefined }));
    const [replayed, live] = [shown(toldIn(stdout)), shown(proxy.told)];
    expect(replayed.length).toBeGreaterThan(12);
    expect(new Set(replayed)).toEqual(new Set(live));

    // The test kit replays both of its ends.
    const [recording] = await readRecordings(createReadStream(file));
    for (const role of ['client', 'server'] as const) {
      const { end, request } = replay(recording!, { role });
      expect(end.texts).toEqual(['a', 'b'.repeat(100_000)]);
      expect(end.events.at(-1)).toMatchObject({ type: 'close', closeCode: 4000, reason: 'done' });
      expect(request.headers.get('sec-websocket-extensions')).toContain('permessage-deflate');
    }
  });
});

describe('faults', () => {
  it('--delay: bytes pass later, in order, and the end behind them', async () => {
    const { url } = await startWs();
    const proxy = await startProxy('--delay', '150ms', url);
    const socket = await open(proxy.url);
    const start = performance.now();
    const got: string[] = [];
    socket.on('message', (data) => got.push(String(data)));
    for (let i = 0; i < 20; i++) socket.send(String(i));
    await expect.poll(() => got.length).toBe(20);
    expect(performance.now() - start).toBeGreaterThanOrEqual(295);
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    socket.close();
    await next(socket, 'close');
  });

  it('--drop: every second frame of the client does not arrive, and that is told', async () => {
    const { url } = await startWs();
    const proxy = await startProxy('--json', '--drop', 'client:2', '--no-compression', url);
    const socket = await open(proxy.url);
    const got: string[] = [];
    socket.on('message', (data) => got.push(String(data)));
    for (let i = 0; i < 6; i++) socket.send(String(i));
    await expect.poll(() => got).toEqual(['0', '2', '4']);
    await expect
      .poll(() => ofType(proxy.told, 'note').filter(({ text }) => String(text).includes('--drop')).length)
      .toBe(3);
  });

  it('--cut: the connection is reset after so many bytes, which arrive', async () => {
    const frames = stream(server.binary(Buffer.alloc(1000, 7)));
    const url = await startAnswering(
      (socket, { accept }) => void socket.write(Buffer.concat([Buffer.from(switching(accept)), frames])),
    );
    const proxy = await startProxy('--cut', 'server:500', url);
    const raw = await openRaw(proxy.port);
    await raw.closed;
    expect(raw.received.equals(Buffer.from(frames.subarray(0, 500)))).toBe(true);
  });
});

describe('by hand', () => {
  it('a frame is held, edited, replaced by a broken one, dropped; others are injected', async () => {
    const heard: string[] = [];
    const { url } = await startWs((socket) => {
      socket.on('error', (error) => heard.push(error.message));
      socket.on('message', (data) => heard.push(String(data)));
    });
    const proxy = await startProxy('--json', '--no-compression', url);
    const socket = await open(proxy.url);
    const notes = () => ofType(proxy.told, 'note').map(({ text }) => String(text));
    const holdAndSend = async (text: string) => {
      const before = notes().length;
      const { length } = proxy.stderr;
      proxy.command('/hold client');
      // Lines are taken in order: an answer to the second says that the first has been taken.
      proxy.command('/hold nobody');
      await expect.poll(() => proxy.stderr.slice(length)).toContain('client or server, not "nobody"');
      socket.send(text);
      await expect.poll(() => notes().slice(before).join()).toContain('held, ');
    };
    await holdAndSend('one');
    socket.send('two');
    proxy.command('/edit ONE');
    await expect.poll(() => heard).toEqual(['ONE', 'two']);
    await holdAndSend('three');
    proxy.command('/drop');
    await holdAndSend('four');
    proxy.command('/pass');
    await expect.poll(() => heard).toEqual(['ONE', 'two', 'four']);
    proxy.command('/send client injected');
    await expect.poll(() => heard.at(-1)).toBe('injected');
    const told = next(socket, 'message') as Promise<[Buffer]>;
    proxy.command('/send server from nowhere');
    expect(String((await told)[0])).toBe('from nowhere');
    await holdAndSend('five');
    proxy.command('/raw 83 80 00 00 00 00');
    await expect.poll(() => heard.at(-1)).toBe('Invalid WebSocket frame: invalid opcode 3');
    await expect.poll(() => ofType(proxy.told, 'violation')).toMatchObject([{ code: 'WSIMD_RESERVED_OPCODE' }]);
    proxy.command('/nope');
    await expect.poll(() => proxy.stderr).toContain('there is no such command');
  });

  it('--feed tells the same to a page of its own, takes lines, and turns other pages away', async () => {
    const { url } = await startWs();
    const proxy = await startProxy('--json', '--feed', '0', url);
    const feed = new WebSocket(proxy.feedUrl!);
    onTestFinished(() => feed.terminate());
    const lines: string[] = [];
    feed.on('message', (data) => lines.push(String(data)));
    await next(feed, 'open');
    const socket = await open(proxy.url);
    socket.send('hello');
    await next(socket, 'message');
    feed.send('/nope');
    feed.send('/cut');
    await next(socket, 'close');
    await expect.poll(() => lines.some((line) => line.includes('the connection is over'))).toBe(true);
    // The two ways from the proxy to here are not equally fast.
    await expect
      .poll(() => proxy.stdout.split('\n').filter(Boolean))
      .toEqual(lines.filter((line) => !line.includes('"error"')));
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual({
      ...{ type: 'error', text: 'there is no such command; /help lists them' },
    });
    const late = new WebSocket(proxy.feedUrl!);
    onTestFinished(() => late.terminate());
    const [first] = (await next(late, 'message')) as [Buffer];
    expect(JSON.parse(String(first))).toMatchObject({ type: 'connection', connection: 1 });
    for (const options of [{ origin: 'http://evil.example' }, { headers: { Host: 'evil.example' } }]) {
      const refused = new WebSocket(proxy.feedUrl!, options);
      const [error] = (await next(refused, 'error')) as [Error];
      expect(error.message).toMatch(/Unexpected server response: (403|421)/);
    }
  });
});
