// `wsimd connect`, started as a program: in a pipe, and on a terminal that `script` makes.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { InputError, parseInput } from '../../../src/cli/connect/input-line.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { MAIN, runWsimd, runWsimdOn, startServe } from '../../support/servers/serve.js';
import { startAnswering, switching } from '../../support/servers/tcp.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { echo, startWs } from '../../support/servers/ws.js';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** All that a child has written so far, and a way to wait for more. */
function watch(child: ChildProcess) {
  let text = '';
  child.stdout!.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const ended = once(child, 'close').then(() => Promise.reject(new Error(`ended with: ${text}`)));
  ended.catch(() => {});
  return {
    get text() {
      return text;
    },
    async until(wanted: string | RegExp): Promise<void> {
      while (typeof wanted === 'string' ? !text.includes(wanted) : !wanted.test(text)) {
        await Promise.race([new Promise((resolve) => child.stdout!.once('data', resolve)), ended]);
      }
    },
  };
}

describe('in a pipe', () => {
  it('sends a line a message, and writes messages and nothing else', async () => {
    const serve = await startServe();
    try {
      const lines = 'hello\nHellö 🦊\n\n/binary 00 ff\n//slash\n/ping abc\n/text /x\n/close 4000 bye\n';
      expect(await runWsimdOn(lines, 'connect', serve.echoUrl)).toEqual({
        code: 0,
        stdout: 'hello\nHellö 🦊\n\n00ff\n/slash\n/x\n',
        stderr: 'connected\n< pong "abc"\n< close 4000 (for private use) "bye"\n',
      });
    } finally {
      await serve.stop();
    }
  });

  it('shows hex, sends binary', async () => {
    const { url } = await startWs();
    expect((await runWsimdOn('hé\n/close\n', 'connect', '--hex', url)).stdout).toBe('68c3a9\n');
    expect((await runWsimdOn('hé\n/close\n', 'connect', '--binary', url)).stdout).toBe('68c3a9\n');
    expect((await runWsimdOn('00 01 ff\n/close\n', 'connect', '--binary', '--hex', url)).stdout).toBe('0001ff\n');
  });

  it('ends when the server closes, though the input has not', async () => {
    const { url } = await startWs((socket) => {
      socket.send('bye');
      socket.close(1001, 'going');
    });
    const child = spawn(process.execPath, [MAIN, 'connect', url], { stdio: ['pipe', 'pipe', 'inherit'] });
    const output = watch(child);
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, text: output.text }).toEqual({ code: 0, text: 'bye\n' });
  });

  it('stays when the input ends, until the server closes', async () => {
    const { url } = await startWs((socket) => {
      socket.on('message', () =>
        setTimeout(() => {
          socket.send('late');
          socket.close(1000);
        }, 200),
      );
    });
    expect(await runWsimdOn('hello', 'connect', url)).toMatchObject({ code: 0, stdout: 'late\n' });
  });

  it('carries many lines without holding them all', async () => {
    const { url } = await startWs();
    const text = Array.from({ length: 50_000 }, (_, i) => `line ${i} ${'x'.repeat(100)}\n`).join('');
    const { code, stdout } = await runWsimdOn(`${text}/close\n`, 'connect', url);
    expect(code).toBe(0);
    expect(stdout === text).toBe(true);
  });

  it('sends a long last line that has no line break, though the input ends before it is sent', async () => {
    const { url } = await startWs((socket) => {
      socket.on('message', (data) => {
        socket.send(String((data as Buffer).length));
        socket.close();
      });
    });
    const length = 32 * 1024 * 1024;
    const { code, stdout, stderr } = await runWsimdOn('x'.repeat(length), 'connect', url);
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: `${length}\n` });
  });

  it('closes at Ctrl-C', async () => {
    const { url, server } = await startWs();
    const opened = once(server, 'connection');
    const child = spawn(process.execPath, [MAIN, 'connect', url], { stdio: ['pipe', 'pipe', 'pipe'] });
    const [socket] = (await opened) as [WebSocket];
    const closed = once(socket, 'close');
    // Its handlers are there once it says so.
    await once(child.stderr, 'data');
    child.kill('SIGINT');
    expect((await closed)[0]).toBe(1000);
    expect((await once(child, 'close'))[0]).toBe(0);
  });

  it.each([
    ['/nope', 'there is no command /nope; /help lists them, // sends a slash'],
    ['/binary 0', '“0” has an odd number of digits (line 1, character 1): a byte is two, such as 05.'],
    ['/close 1005', 'this close code may not be sent: 1005'],
    [`/ping ${'x'.repeat(126)}`, 'the payload of a control frame is at most 125 bytes'],
  ])('goes on after the mistake %j, and ends with 1', async (line, message) => {
    const { url } = await startWs();
    const { code, stdout, stderr } = await runWsimdOn(`${line}\nhello\n/close\n`, 'connect', url);
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'hello\n' });
    expect(stderr).toContain(`wsimd: ${message}`);
  });

  it.each([
    ['breaks a rule', Buffer.from('810548656c6c6f83004142', 'hex'), 'the server broke a rule: the opcode is reserved'],
    [
      'ends without a Close frame',
      Buffer.from('810548656c6c6f', 'hex'),
      'the transport ended before a Close frame was received',
    ],
  ])('ends with 1 where the server %s', async (_, frames, message) => {
    const url = await startAnswering((socket, { accept }) => {
      socket.write(switching(accept));
      socket.end(frames);
    });
    const result = await runWsimdOn('', 'connect', url);
    expect(result).toMatchObject({ code: 1, stdout: 'Hello\n' });
    expect(result.stderr).toContain(message);
  });

  it.each([
    [1000, 0],
    [1001, 0],
    [1002, 1],
    [1008, 1],
    [1011, 1],
    [4000, 0],
  ])('where the server closes with %i, ends with %i', async (closeCode, code) => {
    const { url } = await startWs((socket) => socket.close(closeCode, 'why'));
    const result = await runWsimdOn('', 'connect', url);
    expect(result).toMatchObject({ code, stderr: expect.stringContaining(`< close ${closeCode} `) });
  });

  it('ends with 0 where the server returns a close code of our own', async () => {
    const { url } = await startWs();
    expect(await runWsimd('connect', '--send', '/close 1011', url)).toMatchObject({ code: 0 });
  });

  it('says in one line why it cannot connect', async () => {
    const serve = await startServe();
    const notFound = `ws://127.0.0.1:${serve.port}/nothing`;
    expect(await runWsimd('connect', notFound)).toEqual({
      code: 1,
      stdout: '',
      stderr: `wsimd: cannot connect to ${notFound}: the server answered with status 404 (Not Found): "There is no WebSocket endpoint here."\n`,
    });
    await serve.stop();
    const { code, stderr } = await runWsimd('connect', serve.echoUrl);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^wsimd: cannot connect to ws:.*: connect ECONNREFUSED .*\n$/);
  });

  it('asks for what it is told to ask for, over TLS too', async () => {
    const certificate = makeCertificate();
    const folder = mkdtempSync(join(tmpdir(), 'wsimd-connect-'));
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, certificate.cert);
    const https = createServer({ ...certificate });
    const server = new WebSocketServer({ server: https });
    const headers: Record<string, unknown>[] = [];
    server.on('connection', (socket, request) => {
      headers.push(request.headers);
      echo(socket);
    });
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    ends.push(() => {
      https.close();
      rmSync(folder, { recursive: true });
    });
    const url = `wss://localhost:${(https.address() as AddressInfo).port}/`;
    const asked = ['--subprotocol', 'chat', '--header', 'X-A: b', '--origin', 'https://o'];
    const { code, stdout, stderr } = await runWsimdOn('hi\n/close\n', 'connect', '--ca', ca, ...asked, url);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'hi\n' });
    expect(stderr).toContain('connected, subprotocol chat\n');
    expect(headers).toMatchObject([{ 'x-a': 'b', origin: 'https://o', 'sec-websocket-protocol': 'chat' }]);
    const distrusted = await runWsimd('connect', url);
    expect(distrusted).toMatchObject({ code: 1, stdout: '' });
    expect(distrusted.stderr).toMatch(/^wsimd: cannot connect to wss:.*self-signed certificate.*\n$/);
    const missing = await runWsimd('connect', '--ca', '/nowhere', url);
    expect(missing.stderr).toMatch(/^wsimd: --ca \/nowhere: there is no such file\n$/);
  });

  it.each([
    [[], 'which URL? One such as ws://localhost:8080/echo'],
    [['http//x'], 'not a URL of a WebSocket: "http//x"; one is ws://localhost:8080/echo'],
    [['localhost:8080'], 'not a URL of a WebSocket: "localhost:8080"; one is ws://localhost:8080/echo'],
    [['ws://'], 'not a URL: "ws://"'],
    [['--hexx', 'ws://a/'], 'there is no option "--hexx"; did you mean --hex?'],
    [['--hex=1', 'ws://a/'], '--hex takes no value'],
  ])('%j is a usage error', async (args, message) => {
    expect(await runWsimd('connect', ...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `wsimd: ${message}\nTry: wsimd connect --help\n`,
    });
  });

  it('--help tells its options', async () => {
    const { code, stdout } = await runWsimd('connect', '--help');
    expect(code).toBe(0);
    for (const words of ['--hex', '--binary', '/ping', '/close', '--insecure']) expect(stdout).toContain(words);
  });
});

const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' }).status === 0;

describeWith('script', hasScript, () => {
  function onTerminal(env: Record<string, string>, ...args: string[]) {
    const { NO_COLOR: _, ...inherited } = process.env;
    const line = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
    return spawn('script', ['-qec', line, '/dev/null'], { env: { ...inherited, TERM: 'xterm', ...env } });
  }

  it('prompts, shows what comes above the prompt, in colour', async () => {
    const { url } = await startWs((socket) => {
      echo(socket);
      socket.on('message', () => socket.ping('are you there'));
    });
    const child = onTerminal({}, 'connect', url);
    const output = watch(child);
    await output.until('> ');
    child.stdin.write('hello \u009b31m\r');
    await output.until('\x1b[36m<\x1b[39m hello \\u{9b}31m');
    await output.until('ping "are you there"');
    child.stdin.write('/binary 00ff\r');
    await output.until('(binary, 2 bytes) \x1b[22m00 ff');
    child.stdin.write('/help\r');
    await output.until('/close [CODE [REASON]]');
    // Ctrl-D
    child.stdin.write('\x04');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(0);
    expect(output.text).toContain('close 1000 (normal closure)');
  });

  it('has no colour with NO_COLOR, and closes at Ctrl-C', async () => {
    const { url, server } = await startWs();
    const opened = once(server, 'connection');
    const child = onTerminal({ NO_COLOR: '1' }, 'connect', url);
    const [socket] = (await opened) as [WebSocket];
    const closed = once(socket, 'close');
    const output = watch(child);
    await output.until('> ');
    child.stdin.write('hello\r');
    await output.until('< hello');
    child.stdin.write('\x03');
    expect((await closed)[0]).toBe(1000);
    await once(child, 'close');
    for (const colour of ['\x1b[2m', '\x1b[36m']) expect(output.text).not.toContain(colour);
  });

  it('load shows its progress there', async () => {
    const { url } = await startWs();
    const child = onTerminal({}, 'load', '--duration', '1.5', url);
    const output = watch(child);
    await output.until(/1 of 1 open {2}[\d,]+ messages\/s/);
    await output.until('latency');
    await once(child, 'close');
  });
});

describe('parseInput', () => {
  it.each([
    ['', 'text', { type: 'text', text: '' }],
    ['a b', 'text', { type: 'text', text: 'a b' }],
    [' /ping', 'text', { type: 'text', text: ' /ping' }],
    ['//a', 'text', { type: 'text', text: '/a' }],
    ['/text /a', 'binary', { type: 'text', text: '/a' }],
    ['é', 'binary', { type: 'binary', data: Uint8Array.of(0xc3, 0xa9) }],
    ['0x00 ff', 'hex', { type: 'binary', data: Uint8Array.of(0, 255) }],
    ['', 'hex', { type: 'binary', data: new Uint8Array(0) }],
    ['/binary', 'text', { type: 'binary', data: new Uint8Array(0) }],
    ['/ping', 'text', { type: 'ping', payload: '' }],
    ['/pong a b', 'text', { type: 'pong', payload: 'a b' }],
    ['/close', 'text', { type: 'close', closeCode: 1000, reason: '' }],
    ['/close 4000', 'text', { type: 'close', closeCode: 4000, reason: '' }],
    ['/close 4000 so long', 'text', { type: 'close', closeCode: 4000, reason: 'so long' }],
    ['/help', 'text', { type: 'help' }],
  ] as const)('%j, lines are %s', (line, lines, input) => {
    expect(parseInput(line, lines)).toEqual(input);
  });

  it.each(['/', '/pinga', '/close now', '/binary zz', '/binary 123'])('%j asks for nothing that there is', (line) => {
    expect(() => parseInput(line, 'text')).toThrow(InputError);
  });
});
