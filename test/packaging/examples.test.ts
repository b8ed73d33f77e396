// examples/: each runs as it is written, against the built package, in its own runtime, with `ws` at the other end.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { Peer, stream } from '../support/frames/wire.js';
import { randomBytes } from '../support/inputs/random.js';
import { hasChromium, launchChromium } from '../support/programs/chromium.js';
import { describeWith } from '../support/programs/describe-with.js';
import { findRuntime } from '../support/programs/runtimes.js';
import { startWorker, workerd } from '../support/programs/workerd.js';

const root = new URL('../..', import.meta.url).pathname;
const run = promisify(execFile);
/** For what takes no time but may have to wait for others. */
const PATIENTLY = { timeout: 30_000 };

interface Running {
  readonly url: string;
  /** What it has written so far. */
  output(): string;
}

/** Starts a program that listens; ended with the test. */
async function start(program: string, ...args: readonly string[]): Promise<Running> {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, PORT: '0' } });
  return listening(child);
}

async function listening(child: ChildProcess): Promise<Running> {
  onTestFinished(() => {
    child.kill();
  });
  let output = '';
  for (const pipe of [child.stdout!, child.stderr!]) {
    pipe.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const url = () => /listening on (ws:\S+)/.exec(output)?.[1];
  child.on('exit', (code) => {
    output += `\nended with ${code}`;
  });
  while (url() === undefined && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(url(), output).toBeDefined();
  return { url: url()!, output: () => output };
}

const textOf = (data: RawData) => (data as Buffer).toString();
const digestOf = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');

/** Says things to an echo server, some of them all at once, and closes. */
async function converse(url: string, perMessageDeflate = false): Promise<WebSocket> {
  const client = new WebSocket(url, { perMessageDeflate });
  onTestFinished(() => client.terminate());
  await once(client, 'open');
  const messages = [
    '',
    'grün',
    '漢字'.repeat(30_000),
    ...[0, 125, 126, 65_536, 1_000_000].map((length) => Buffer.from(randomBytes(length, length))),
    ...Array.from({ length: 2000 }, (_, i) => `message ${i}`),
  ];
  const received: string[] = [];
  client.on('message', (data, isBinary) => received.push(`${isBinary} ${digestOf(data as Buffer)}`));
  const pong = once(client, 'pong');
  for (const message of messages) client.send(message);
  client.ping('?');
  client.send('frag', { fin: false });
  client.send('ments', { fin: true });
  await expect.poll(() => received.length, PATIENTLY).toBe(messages.length + 1);
  expect(received).toEqual([...messages, 'fragments'].map((data) => `${typeof data !== 'string'} ${digestOf(data)}`));
  expect(String((await pong)[0])).toBe('?');
  client.close(4000, 'bye');
  const [closeCode, reason] = await once(client, 'close');
  expect([closeCode, String(reason)]).toEqual([4000, 'bye']);
  return client;
}

/** Sends without reading: what is on the way has to stay with us. */
async function outrun(url: string): Promise<void> {
  const client = new WebSocket(url, { perMessageDeflate: false });
  onTestFinished(() => client.terminate());
  await once(client, 'open');
  client.pause();
  const count = 768;
  const message = Buffer.alloc(65_536, 7);
  for (let i = 0; i < count; i++) client.send(message);
  // Until nothing more is taken.
  for (let before = -1; before !== client.bufferedAmount; ) {
    before = client.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  // More than loopback's own buffers take, there and back.
  expect(client.bufferedAmount).toBeGreaterThan(16 * 1024 * 1024);
  let received = 0;
  const all = new Promise<void>((resolve) => {
    client.on('message', (data) => {
      if ((data as Buffer).length === message.length && ++received === count) resolve();
    });
  });
  client.resume();
  await all;
}

/** Sends bytes behind a handshake, and returns what comes, to its end. */
async function sendRaw(url: string, ...bytes: readonly Uint8Array[]): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  await expect.poll(() => received, PATIENTLY).toMatch(/\r\n\r\n/);
  for (const part of bytes) socket.write(part);
  await once(socket, 'close');
  return received.slice(received.indexOf('\r\n\r\n') + 4);
}

const client = new Peer('server');
const NOT_MASKED = stream(client.text('said before'), client.text('not masked', { masked: false }));
const closeFrame = (closeCode: number) => String.fromCharCode(0x88, 2, closeCode >> 8, closeCode & 0xff);

test('codec.mjs', async () => {
  const { stdout } = await run('node', ['examples/codec.mjs'], { cwd: root });
  expect(stdout).toContain('text: hello\n');
  expect(stdout).toContain('close: 1000 done\n');
  expect(stdout).toContain('the server replied with 8 bytes and is closed\n');
});

describe('server.mjs', () => {
  test('and client.mjs', async () => {
    const { url } = await start('node', 'examples/server.mjs');
    const { stdout } = await run('node', ['examples/client.mjs', url], { cwd: root });
    expect(stdout).toBe('received hello\nclosed 1000 that was all\n');
  });

  test('under load', async () => {
    const server = await start('node', 'examples/server.mjs');
    await converse(server.url);
    await outrun(server.url);
    expect(await sendRaw(server.url, NOT_MASKED)).toContain(closeFrame(1002));
    await expect.poll(server.output, PATIENTLY).toMatch(/closed 4000 bye\n(.*\n)*WS_ERR_EXPECTED_MASK/);
  });
});

test('cluster.mjs: what one says reaches the clients of every worker', async () => {
  const cluster = spawn('node', ['examples/cluster.mjs'], {
    cwd: root,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    cluster.kill();
  });
  const [line] = await once(cluster.stdout, 'data');
  const url = /ws:\S+/.exec(String(line))?.[0] ?? '';
  const workers = new Set<string>();
  const heard: string[][] = [];
  const clients: WebSocket[] = [];
  // The system may give several in a row to one worker.
  while (workers.size < 2) {
    const client = new WebSocket(url);
    onTestFinished(() => client.terminate());
    const [hello] = await once(client, 'message');
    workers.add(String(hello));
    const messages: string[] = [];
    client.on('message', (data) => messages.push(String(data)));
    heard.push(messages);
    clients.push(client);
  }
  clients[0]!.send('hello');
  clients.at(-1)!.send('grün');
  await expect.poll(() => heard.every((messages) => messages.length === 2)).toBe(true);
  expect(new Set(heard.map((messages) => messages.join()))).toEqual(new Set([heard[0]!.join()]));
});

describeWith('Deno', findRuntime('deno') !== undefined, () => {
  test('deno-server.mjs', async () => {
    const server = await start(
      ...[findRuntime('deno')!, 'run', '--no-prompt', '--allow-net=127.0.0.1', '--allow-env=PORT'],
      'examples/deno-server.mjs',
    );
    await converse(server.url);
    await converse(server.url, true);
    await outrun(server.url);
    expect(await sendRaw(server.url, NOT_MASKED)).toContain(closeFrame(1002));
    await expect.poll(server.output, PATIENTLY).toMatch(/closed 4000 bye\n(.*\n)*WSIMD_NOT_MASKED/);
  });
});

describeWith('Bun', findRuntime('bun') !== undefined, () => {
  test('bun-server.mjs', async () => {
    const server = await start(findRuntime('bun')!, 'examples/bun-server.mjs');
    await converse(server.url);
    await outrun(server.url);
    expect(await sendRaw(server.url, NOT_MASKED)).toContain(closeFrame(1002));
    await expect.poll(server.output, PATIENTLY).toMatch(/closed 4000 bye\n(.*\n)*WSIMD_NOT_MASKED/);
    const refused = await fetch(server.url.replace('ws:', 'http:'));
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Upgrade')]);
  });
});

describe('proxy.mjs', () => {
  async function behind(options: { perMessageDeflate: boolean }) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const proxy = await start('node', 'examples/proxy.mjs', `ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return { server, proxy };
  }

  test.each([false, true])('relays an echo, deflate: %s', async (perMessageDeflate) => {
    const { server, proxy } = await behind({ perMessageDeflate });
    const closes: unknown[] = [];
    server.on('connection', (socket) => {
      socket.on('message', (data, binary) => {
        socket.send(data, { binary }, () => socket.resume());
        if (socket.bufferedAmount > 1024 * 1024) socket.pause();
      });
      socket.on('close', (closeCode, reason) => closes.push([closeCode, String(reason)]));
    });
    const { extensions } = await converse(proxy.url, perMessageDeflate);
    expect(extensions).toBe(perMessageDeflate ? 'permessage-deflate' : '');
    await expect.poll(() => closes, PATIENTLY).toEqual([[4000, 'bye']]);
    await outrun(proxy.url);
  });

  test('keeps fragments and what comes between them', async () => {
    const { server, proxy } = await behind({ perMessageDeflate: false });
    const frames = [
      client.text('one ', { fin: false }),
      client.ping('between'),
      client.continuation('two ', { fin: false }),
      client.continuation('three'),
      client.close(1000),
    ];
    const upgraded = new Promise<string>((resolve) => {
      server.once('connection', (_, request) => {
        // Beside ws: the frames as they come, with keys that are not the client's.
        let raw = '';
        request.socket.prependListener('data', (chunk: Buffer) => {
          raw += chunk.toString('latin1');
        });
        request.socket.once('close', () => resolve(raw));
      });
    });
    const answer = await sendRaw(proxy.url, ...frames.map((frame) => stream(frame)));
    // ws answers the ping and the Close frame.
    expect(answer).toBe(`\x8a\x07between${closeFrame(1000)}`);
    const raw = Buffer.from(await upgraded, 'latin1');
    const headers: number[][] = [];
    for (let at = 0; at < raw.length; at += 6 + (raw[at + 1]! & 127)) headers.push([raw[at]!, raw[at + 1]!]);
    expect(headers).toEqual(frames.map((frame) => [...stream(frame).subarray(0, 2)]));
    expect(raw.includes(Buffer.from(stream(frames[1]!)))).toBe(false);
  });

  test('tells both ends where one breaks a rule', async () => {
    const { server, proxy } = await behind({ perMessageDeflate: false });
    const closes: unknown[] = [];
    const texts: string[] = [];
    server.on('connection', (socket, request) => {
      socket.on('message', (data) => texts.push(textOf(data)));
      socket.on('close', (closeCode) => closes.push(closeCode));
      // A Close whose code may not be sent.
      if (request.url === '/broken') request.socket.write(Buffer.from('880203ed', 'hex'));
    });
    expect(await sendRaw(proxy.url, NOT_MASKED)).toBe(closeFrame(1002));
    await expect.poll(() => closes, PATIENTLY).toEqual([1001]);
    expect(texts).toEqual(['said before']);
    const told = new WebSocket(`${proxy.url}/broken`);
    const [closeCode] = await once(told, 'close');
    expect(closeCode).toBe(1014);
    await expect.poll(() => closes, PATIENTLY).toEqual([1001, 1002]);
    await expect.poll(proxy.output, PATIENTLY).toMatch(/client: WSIMD_NOT_MASKED.*\nserver: WSIMD_CLOSE_CODE/);
  });

  test('passes refusals on, and says so where nobody listens', async () => {
    const server = createServer((_, response) => response.writeHead(403).end('no'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const proxy = await start('node', 'examples/proxy.mjs', `ws://127.0.0.1:${port}`);
    const refused = await fetch(proxy.url.replace('ws:', 'http:'), { headers: { Connection: 'close' } });
    expect([refused.status, await refused.text()]).toEqual([403, 'no']);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect((await fetch(proxy.url.replace('ws:', 'http:'))).status).toBe(502);
  });
});

describe('recorder.mjs', () => {
  async function record(perMessageDeflate: boolean, talk: (url: string) => Promise<unknown>): Promise<unknown[]> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate });
    onTestFinished(() => server.close());
    server.on('connection', (socket) => {
      socket.on('message', (data, binary) => socket.send(data, { binary }, () => socket.resume()));
      socket.on('error', () => {});
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const recorder = await start('node', 'examples/recorder.mjs', `ws://127.0.0.1:${port}`);
    await talk(recorder.url);
    const lines = () =>
      recorder
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'));
    await expect.poll(() => lines().at(-1), PATIENTLY).toContain('"type":"end"');
    return lines().map((line) => {
      const { connection, time, ...entry } = JSON.parse(line) as Record<string, unknown>;
      expect([connection, typeof time]).toEqual([1, 'number']);
      return entry;
    });
  }

  test.each([false, true])('writes down what both ends say, deflate: %s', async (perMessageDeflate) => {
    let said: string[] = [];
    const entries = (await record(perMessageDeflate, async (url) => {
      const socket = await converse(url, perMessageDeflate);
      said = [socket.extensions];
    })) as Record<string, unknown>[];
    expect(said).toEqual([perMessageDeflate ? 'permessage-deflate' : '']);
    expect(entries.slice(0, 2)).toEqual([
      { from: 'client', type: 'request', path: '/', protocols: [] },
      { from: 'server', type: 'response', status: 101 },
    ]);
    const of = (from: string, ...types: string[]) =>
      entries.filter((entry) => entry.from === from && types.includes(entry.type as string));
    const messages = (from: string) => of(from, 'text', 'binary').map(({ text, base64 }) => text ?? base64);
    expect(messages('client').length).toBe(2009);
    expect(messages('client').slice(-2)).toEqual(['message 1999', 'fragments']);
    expect(digestOf(Buffer.from(messages('client')[7] as string, 'base64'))).toBe(
      digestOf(randomBytes(1_000_000, 1_000_000)),
    );
    expect(messages('server')).toEqual(messages('client'));
    expect([of('client', 'ping').length, of('server', 'pong').length]).toEqual([1, 1]);
    for (const from of ['client', 'server']) {
      expect(of(from, 'close', 'error')).toEqual([{ from, type: 'close', closeCode: 4000, reason: 'bye' }]);
    }
    expect(entries.at(-1)).toEqual({ type: 'end' });
  });

  test('writes down what is broken, and passes it on', async () => {
    let answer = '';
    const entries = await record(false, async (url) => {
      answer = await sendRaw(url, NOT_MASKED);
    });
    expect(answer).toContain(closeFrame(1002));
    expect(entries.slice(2)).toEqual([
      { from: 'client', type: 'text', text: 'said before' },
      expect.objectContaining({ from: 'client', type: 'error', code: 'WSIMD_NOT_MASKED', closeCode: 1002 }),
      expect.objectContaining({ from: 'server' }),
      expect.objectContaining({ from: 'server', type: 'close', closeCode: 1002 }),
      expect.objectContaining({ type: 'end' }),
    ]);
  });
});

describeWith('Chromium', hasChromium, () => {
  test('page.html', async () => {
    const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
    const server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream');
      createReadStream(join(root, path))
        .on('error', () => response.writeHead(404).end())
        .pipe(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const browser = await launchChromium();
    onTestFinished(async () => {
      await browser.close();
      server.close();
    });
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/examples/page.html`);
    await page.waitForSelector('#frames li');
    const items = () => page.locator('#frames li').allTextContents();
    expect(await items()).toEqual([
      'text, final, masked, 5 bytes, "Hello"',
      'text, more to come, not masked, 3 bytes, "Hel"',
      'ping, final, not masked, 0 bytes, ',
      'continuation, final, not masked, 2 bytes, 6c 6f',
      'close, final, not masked, 2 bytes, 03 e8',
    ]);
    expect(await page.textContent('#kernel')).toBe('Decoded by the wasm kernel.');
    await page.fill('#hex', '81 01 41 83 00');
    expect(await items()).toEqual([
      'text, final, not masked, 1 bytes, "A"',
      'WSIMD_RESERVED_OPCODE: the opcode is reserved (byte 3)',
    ]);
    expect(errors).toEqual([]);
  });
});

describeWith('workerd', workerd !== undefined, () => {
  test('worker.mjs', async () => {
    const origin = await startWorker(join(root, 'examples/worker.mjs'), ['kernel.wasm']);

    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const closes: unknown[] = [];
    server.on('connection', (socket) => {
      socket.on('message', (data, binary) => socket.send(data, { binary }));
      socket.on('close', (closeCode, reason) => closes.push([closeCode, String(reason)]));
    });
    const query = new URLSearchParams({
      to: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      say: '漢字 '.repeat(1000),
    });
    const answer = await fetch(`${origin}?${query}`);
    expect(await answer.json()).toEqual({ received: '漢字 '.repeat(1000), closeCode: 1000 });
    await expect.poll(() => closes, PATIENTLY).toEqual([[1000, 'that was all']]);
    const nobody = await fetch(`${origin}?to=ws://127.0.0.1:1/`);
    expect(nobody.status).toBe(502);

    const body = Buffer.concat([stream(client.text('hello'), client.ping('p')), Buffer.from('8300', 'hex')]);
    const frames = await fetch(origin, { method: 'POST', body });
    expect(await frames.text()).toBe(
      '{"opcode":1,"fin":true,"masked":true,"length":5}\n' +
        '{"opcode":9,"fin":true,"masked":true,"length":1}\n' +
        '{"error":"WSIMD_RESERVED_OPCODE","offset":18}\n',
    );
  });
});
