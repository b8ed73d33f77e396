// examples/ that stand between a client and a server, both of them `ws`: the proxy and the recorder.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { stream } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import {
  client,
  closeFrame,
  converse,
  digestOf,
  NOT_MASKED,
  outrun,
  PATIENTLY,
  sendRaw,
  start,
  textOf,
} from './running.js';

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
