// `wsimd connect` and `serve`, started as programs: servers that read slowly or lose connections, empty control frames, a second
// Ctrl-C, output that cannot be written, Host headers and targets that are none.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InputError, parseInput } from '../../../src/cli/connect/input-line.js';
import { Peer, stream } from '../../support/frames/wire.js';
import { RawClient, requestHead } from '../../support/peers/raw-client.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { MAIN, runWsimd, runWsimdOn, startServe } from '../../support/servers/serve.js';
import { startAnswering, switching } from '../../support/servers/tcp.js';

const peer = new Peer('server');
/** Makes what a server says. */
const server = new Peer('client');

/** A server that does the handshake, and then what `opened` says; what it writes at once leaves together with the handshake. */
function startOpening(opened: (socket: Socket) => void): Promise<string> {
  return startAnswering((socket, { accept }) => {
    socket.cork();
    socket.write(switching(accept));
    opened(socket);
    socket.uncork();
  });
}

describe('in a pipe', () => {
  it('control frames that hold nothing, or nothing that can be printed', async () => {
    const frames = stream(server.ping(), server.ping(Buffer.of(0, 255)), server.close());
    // Its input does not end: else it might close before the server does.
    const url = await startOpening((socket) => void socket.end(frames));
    expect(await runWsimdOn(undefined, 'connect', url)).toEqual({
      ...{ code: 0, stdout: '' },
      stderr: 'connected\n< ping\n< ping 00 ff\n< close without a code\n',
    });
  });

  it('no more is read than a server takes, and nothing is lost', async () => {
    let length = 0;
    let peer: Socket | undefined;
    const url = await startOpening((socket) => {
      peer = socket;
      socket.pause();
    });
    const child = spawn(process.execPath, [MAIN, 'connect', url], { stdio: ['pipe', 'ignore', 'ignore'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.stdin.on('error', () => {});
    // More than both systems hold, and what the program may.
    const line = `${'x'.repeat(9999)}\n`;
    const lines = 4000;
    for (let i = 0; i < lines; i++) child.stdin.write(line);
    child.stdin.end();
    await once(child, 'spawn');
    let before = -1;
    while (peer === undefined || child.stdin.writableLength !== before) {
      before = child.stdin.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    expect(child.stdin.writableLength).toBeGreaterThan(10_000_000);
    peer.on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    peer.resume();
    // A header of 4 bytes and a masking key for each.
    await expect.poll(() => length, { timeout: 50_000 }).toBe(lines * (9999 + 8));
    peer.destroy();
    expect((await once(child, 'close'))[0]).toBe(1);
  });
});

const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' }).status === 0;

describeWith('script', hasScript, () => {
  it('the beginning of a long message; Ctrl-C twice does not wait for a server that answers nothing', async () => {
    const url = await startOpening((socket) => {
      socket.write(Buffer.concat([Buffer.of(0x82, 126, 5000 >> 8, 5000 & 255), Buffer.alloc(5000, 0xab)]));
    });
    const child = spawn('script', ['-qec', `'${process.execPath}' '${MAIN}' connect '${url}'`, '/dev/null'], {
      env: { ...process.env, TERM: 'dumb' },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    await expect.poll(() => text, { timeout: 30_000 }).toContain('ab …');
    expect(text).toContain('(binary, 5,000 bytes) ab ab');
    expect(text.split('ab ').length - 1).toBe(4096);
    child.stdin.write('\x03');
    child.stdin.write('\x03');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
  });
});

it('serve on every address names one that can be reached, and answers no Host that is none', async () => {
  const serve = await startServe('--host', '0.0.0.0');
  try {
    expect(serve.url).toBe(`http://localhost:${serve.port}/`);
    for (const [host, status, policy] of [
      [`localhost:${serve.port}`, '200 OK', `connect-src 'self' ws://localhost:${serve.port};`],
      ["a; script-src 'unsafe-inline'", '421 Misdirected Request', ''],
    ]) {
      const client = new RawClient(serve.port);
      client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      const head = await client.takeHead();
      expect(head).toContain(`HTTP/1.1 ${status}\r\n`);
      expect(head).toContain(policy);
      expect(head).not.toContain('unsafe-inline');
      client.socket.destroy();
    }
  } finally {
    await serve.stop();
  }
});

it('serve: targets that are none, and requests without a Host', async () => {
  const serve = await startServe();
  try {
    const upgrade = `Host: localhost:${serve.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
    for (const [request, status] of [
      [`GET http://[ HTTP/1.1\r\n${upgrade}\r\n`, '404 Not Found'],
      ['GET / HTTP/1.0\r\n\r\n', '421 Misdirected Request'],
    ]) {
      const client = new RawClient(serve.port);
      client.send(request!);
      const head = await client.takeHead();
      expect(head).toContain(`HTTP/1.1 ${status}\r\n`);
      expect(head).not.toContain('ws://');
      client.socket.destroy();
    }
  } finally {
    await serve.stop();
  }
});

it('serve echoes nothing once it has begun to close', async () => {
  const serve = await startServe();
  const client = new RawClient(serve.port);
  client.send(requestHead(serve.port, { target: '/echo' }));
  expect(await client.takeHead()).toContain('HTTP/1.1 101 ');
  const end = serve.stop();
  expect([...(await client.take(4))]).toEqual([0x88, 2, 1001 >> 8, 1001 & 255]);
  client.send(stream(peer.text('late'), peer.close(1001)));
  await client.closed;
  expect(client.received).toHaveLength(0);
  expect((await end).code).toBe(0);
});

it('output that cannot be written, and not for want of a reader, is an error', async () => {
  const child = spawn('sh', ['-c', `exec '${process.execPath}' '${MAIN}' --help > /dev/full`]);
  const [stderr] = await Promise.all([child.stderr.toArray(), once(child, 'close')]);
  expect(child.exitCode).not.toBe(0);
  expect(Buffer.concat(stderr as Buffer[]).toString()).toContain('ENOSPC');
});

it('a line that is no command, though it begins as one', () => {
  expect(() => parseInput('/a-b c', 'text')).toThrow(
    new InputError('there is no command /a-b; /help lists them, // sends a slash'),
  );
});

it('inspect: --from says nothing of a capture', async () => {
  const pcap = Buffer.alloc(24);
  pcap.writeUInt32LE(0xa1b2c3d4);
  const { code, stderr } = await runWsimdOn(pcap, 'inspect', '--from', 'client', '-');
  expect(code).toBe(2);
  expect(stderr).toContain('--from is for bytes of one direction, not for a capture');
});

it('load tells of connections that were lost', async () => {
  const url = await startOpening((socket) => socket.once('data', () => socket.destroy()));
  const { code, stdout } = await runWsimd('load', '--duration', '600', url);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^connections {2}1 of 1 opened, 1 lost\n/);
});
