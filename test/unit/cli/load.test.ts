// `wsimd load`, started as a program: against the echo of `ws`, our own, and servers that do not echo.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Histogram } from '../../../src/cli/load/histogram.js';
import type { Figures } from '../../../src/cli/load/load-run.js';
import { createRandom } from '../../support/inputs/random.js';
import { MAIN, runWsimd, startServe } from '../../support/servers/serve.js';
import { startAnswering as startTcpAnswering, switching } from '../../support/servers/tcp.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { startWs } from '../../support/servers/ws.js';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server of `ws` that answers each message as `answer` does. */
function startAnswering(answer: (socket: WebSocket, data: Buffer, isBinary: boolean) => void) {
  return startWs((socket) => {
    socket.on('message', (data, isBinary) => answer(socket, data as Buffer, isBinary));
  });
}

async function load(...args: string[]): Promise<{ code: number | null; figures: Figures; stderr: string }> {
  const { code, stdout, stderr } = await runWsimd('load', '--json', '--duration', '1500ms', ...args);
  return { code, figures: JSON.parse(stdout) as Figures, stderr };
}

describe('wsimd load', () => {
  it('measures an echo of ws, text and binary', async () => {
    const seen = new Set<string>();
    const { url, server } = await startAnswering((socket, data, binary) => {
      seen.add(`${binary ? 'binary' : 'text'} ${data.length}`);
      socket.send(data, { binary });
    });
    const codes: number[] = [];
    server.on('connection', (socket) => socket.on('close', (closeCode) => codes.push(closeCode)));
    for (const type of ['--text', '--binary']) {
      const options = ['--connections', '3', '--in-flight', '5', '--size', '1000', '--check', type];
      const { code, figures, stderr } = await load(...options, url);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(figures).toMatchObject({
        connections: { asked: 3, opened: 3, open: 3 },
        errors: {},
        wasInterrupted: false,
      });
      const { messages, seconds, messagesPerSecond, megabytesPerSecond, latency } = figures;
      expect(messages).toBeGreaterThan(0);
      expect(messagesPerSecond).toBeCloseTo(messages / seconds, 3);
      expect(megabytesPerSecond).toBeCloseTo((messages * 1000) / seconds / 1e6, 3);
      const { p50, p90, p99, max } = latency;
      expect([p50, p90, p99, latency['p99.9'], max]).toEqual(
        [p50, p90, p99, latency['p99.9'], max].sort((a, b) => a - b),
      );
      expect(p50).toBeGreaterThan(0);
    }
    expect([...seen]).toEqual(['text 1000', 'binary 1000']);
    await expect.poll(() => codes).toEqual([1000, 1000, 1000, 1000, 1000, 1000]);
  });

  it.each([0, 1, 126, 70_000, 300_000])('messages of %d bytes, to `wsimd serve`', async (size) => {
    const serve = await startServe();
    try {
      const { code, figures } = await load('--size', String(size), '--in-flight', '3', '--check', serve.echoUrl);
      expect({ code, errors: figures.errors }).toEqual({ code: 0, errors: {} });
      expect(figures.messages).toBeGreaterThan(0);
    } finally {
      await serve.stop();
    }
  });

  it('sends no faster than the rate', async () => {
    const { url } = await startWs();
    const { code, figures } = await load('--rate', '100', '--connections', '2', '--in-flight', '100', url);
    expect(code).toBe(0);
    // 100 a second for as long as it lasted, and the first ones of both connections.
    expect(figures.messages).toBeLessThanOrEqual(100 * figures.seconds + 2);
    expect(figures.messages).toBeGreaterThan(0);
  });

  it.each([
    ['of other bytes', ['--check'], (data: Buffer) => Buffer.alloc(data.length), 'not an echo: other bytes'],
    ['of another length', [], (data: Buffer) => data.subarray(1), 'not an echo: another type or length'],
    ['of another type', [], (data: Buffer) => 'x'.repeat(data.length), 'not an echo: another type or length'],
  ])('counts answers %s', async (_, options, answer, kind) => {
    const { url } = await startAnswering((socket, data) => socket.send(answer(data)));
    const { code, figures } = await load('--connections', '2', ...options, url);
    expect({ code, messages: figures.messages, errors: figures.errors }).toEqual({
      code: 1,
      messages: 0,
      errors: { [kind]: 2 },
    });
    expect(figures.connections).toEqual({ asked: 2, opened: 2, open: 0 });
  });

  it('counts connections that the server closes, and ends when none is left', async () => {
    const { url } = await startAnswering((socket) => socket.close(1013));
    const { code, figures } = await load('--duration', '60', '--connections', '3', url);
    expect(code).toBe(1);
    expect(figures.errors).toEqual({ 'closed by the server with 1013': 3 });
  });

  it('counts connections that cannot be opened', async () => {
    const { url, server } = await startWs();
    server.close();
    await once(server, 'close');
    const refused = await load('--connections', '2', url);
    expect(refused).toMatchObject({ code: 1, figures: { messages: 0, errors: { ECONNREFUSED: 2 } } });
    const text = await runWsimd('load', '--duration', '1', url);
    expect(text.code).toBe(1);
    expect(text.stdout).toContain('error        1 × ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:');
  });

  it('asks for what it is told to ask for', async () => {
    const { url, server } = await startWs();
    const asked = once(server, 'connection');
    const options = ['--subprotocol', 'a', '--subprotocol', 'b', '--header', 'X-Token: t:1', '--origin', 'http://o'];
    const run = load(...options, url);
    const [, request] = (await asked) as [WebSocket, { headers: Record<string, string> }];
    expect(request.headers).toMatchObject({ 'sec-websocket-protocol': 'a, b', 'x-token': 't:1', origin: 'http://o' });
    expect((await run).code).toBe(0);
  });

  it('trusts the certificate that it is told to trust', async () => {
    const certificate = makeCertificate();
    const folder = mkdtempSync(join(tmpdir(), 'wsimd-load-'));
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, certificate.cert);
    const https = createServer({ ...certificate });
    const server = new WebSocketServer({ server: https });
    server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    ends.push(() => {
      https.close();
      rmSync(folder, { recursive: true });
    });
    const url = `wss://localhost:${(https.address() as AddressInfo).port}/`;
    const distrusted = await load(url);
    expect(distrusted.code).toBe(1);
    expect(Object.keys(distrusted.figures.errors)).toEqual(['DEPTH_ZERO_SELF_SIGNED_CERT']);
    for (const options of [['--ca', ca], ['--insecure']]) {
      const { code, figures } = await load('--check', '--size', '50000', '--in-flight', '4', ...options, url);
      expect({ code, errors: figures.errors }).toEqual({ code: 0, errors: {} });
    }
  });

  it('ends early at Ctrl-C, with the figures so far', async () => {
    let isCounted = () => {};
    const counted = new Promise<void>((resolve) => {
      isCounted = resolve;
    });
    let messages = 0;
    const { url } = await startAnswering((socket, data) => {
      socket.send(data);
      if (++messages === 10) isCounted();
    });
    const child = spawn(process.execPath, [MAIN, 'load', '--duration', '600', url]);
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    await counted;
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(0);
    expect(stdout).toMatch(/^messages {5}[\d,]+ came back in [\d.]+ s, interrupted$/m);
    expect(stdout).toMatch(/^latency {6}mean .* p50 .* p90 .* p99 .* p99\.9 .* max .*\(ms\)$/m);
  });

  it.each([
    ['SIGINT', 'SIGTERM'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
  ] as const)('%s, then %s while a server is slow to close, ends the process', async (first, second) => {
    let showClosing = () => {};
    const closing = new Promise<void>((resolve) => {
      showClosing = resolve;
    });
    let isSignalled = false;
    const url = await startTcpAnswering((socket, { accept }) => {
      socket.write(switching(accept));
      socket.on('data', () => {
        if (isSignalled) showClosing();
        isSignalled ||= child.kill(first);
      });
    });
    const child = spawn(process.execPath, [MAIN, 'load', '--duration', '600', url]);
    await closing;
    child.kill(second);
    expect(await once(child, 'close')).toEqual([null, second]);
  });

  it.each([
    [[], 'which URL? One such as ws://localhost:8080/echo'],
    [['a', 'b'], 'one URL, and not also "b"'],
    [['localhost'], 'not a URL of a WebSocket: "localhost"; one is ws://localhost:8080/echo'],
    [['ftp://a/'], 'not a WebSocket URL: its scheme is ftp:'],
    [['--text', '--binary', 'ws://a/'], '--text or --binary, not both'],
    [['--size', '-1', 'ws://a/'], undefined],
    [['--connections', '0', 'ws://a/'], '--connections is a whole number from 1 to 100000, not "0"'],
    [['--duration', '1x', 'ws://a/'], '--duration is a duration such as 250ms, 1.5s or 2m, not "1x"'],
    [['--duration', '0ms', 'ws://a/'], '--duration is more than 0 and at most 86400 seconds, not "0ms"'],
    [['--header', 'x', 'ws://a/'], `--header is 'NAME: VALUE', not "x"`],
    [['--header', 'Upgrade: h2c', 'ws://a/'], 'the handshake sets Upgrade itself'],
    [['--subprotocol', 'a b', 'ws://a/'], 'subprotocols are distinct tokens: ["a b"]'],
  ])('%j is a usage error', async (args, message) => {
    const { code, stdout, stderr } = await runWsimd('load', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    if (message !== undefined) expect(stderr).toBe(`wsimd: ${message}\nTry: wsimd load --help\n`);
  });

  it('--help tells its options', async () => {
    const { code, stdout } = await runWsimd('load', '--help');
    expect(code).toBe(0);
    for (const option of ['--in-flight', '--rate', '--check', '--insecure', '--header'])
      expect(stdout).toContain(option);
  });
});

describe('Histogram', () => {
  it('knows percentiles to within 0.8 %', () => {
    const random = createRandom(1);
    const histogram = new Histogram();
    const durations: number[] = [];
    for (let i = 0; i < 50_000; i++) {
      const duration = 2 ** ((random() / 2 ** 32) * 25 - 8);
      durations.push(duration);
      histogram.add(duration);
    }
    durations.sort((a, b) => a - b);
    for (const fraction of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = durations[Math.max(0, Math.ceil(fraction * durations.length) - 1)]!;
      const told = histogram.percentile(fraction);
      // And the unit of 100 ns.
      expect(told).toBeGreaterThanOrEqual(exact - 0.0001);
      expect(told).toBeLessThanOrEqual(exact * 1.008 + 0.0001);
    }
    expect(histogram.max).toBe(durations.at(-1));
    expect(histogram.percentile(1)).toBe(histogram.max);
  });

  it('takes any number', () => {
    const histogram = new Histogram();
    expect([histogram.percentile(0.5), histogram.mean, histogram.max]).toEqual([0, 0, 0]);
    histogram.add(0);
    histogram.add(-1);
    expect(histogram.percentile(1)).toBe(0);
    histogram.add(1e12);
    expect(histogram.percentile(0.99)).toBeCloseTo(2 ** 32 / 10_000, 0);
  });
});
