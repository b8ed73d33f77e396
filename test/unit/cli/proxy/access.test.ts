// `wsimd proxy`: which pages and requests it serves, the addresses that it listens on, and what it prints of what peers send.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Peer, stream } from '../../../support/frames/wire.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { startProxy } from '../../../support/servers/proxy.js';
import { runWsimd } from '../../../support/servers/serve.js';
import { next } from '../../../support/servers/servers.js';
import { startAnswering, switching } from '../../../support/servers/tcp.js';
import { startWs } from '../../../support/servers/ws.js';

const client = new Peer('server');
const server = new Peer('client');

/** A client of `ws` that is open. */
async function open(url: string, options: object = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  onTestFinished(() => socket.terminate());
  await next(socket, 'open');
  return socket;
}

describe('who may use it', () => {
  it.each([
    ['a Host that is not its own', ['Host: evil.example'], '421'],
    ['a page of another site', ['Origin: https://evil.example'], '403'],
    ['a page whose site begins as this machine does', ['Origin: http://localhost.evil.example'], '403'],
    ['a request that is no upgrade', ['Upgrade: nothing'], '426'],
    ['no HTTP', undefined, '400'],
  ])('%s is refused, and nothing is relayed', async (_, lines, status) => {
    let asked = 0;
    const url = await startAnswering(() => void asked++);
    const proxy = await startProxy(url);
    const raw = new RawClient(proxy.port);
    onTestFinished(() => void raw.socket.destroy());
    const head = requestHead(proxy.port, { lines: lines?.filter((line) => line.startsWith('Origin')) ?? [] });
    const [name = ''] = lines?.[0]?.split(':') ?? [];
    raw.send(lines === undefined ? 'nonsense\r\n\r\n' : head.replace(new RegExp(`^${name}: .*`, 'm'), lines[0]!));
    expect(await raw.takeHead()).toContain(`HTTP/1.1 ${status} `);
    await raw.closed;
    expect(asked).toBe(0);
  });

  it('pages of this machine, and those that are allowed', async () => {
    const { url } = await startWs();
    const proxy = await startProxy('--allow-origin', 'https://app.example', '--allow-host', 'app.example', url);
    for (const options of [
      { origin: 'http://localhost:3000' },
      { origin: 'https://app.example' },
      { headers: { Host: 'app.example' } },
    ]) {
      await open(proxy.url, options);
    }
  });

  it('a second request behind an answer that is no 101 goes nowhere', async () => {
    const heads: string[] = [];
    const url = await startAnswering((socket, { head }) => {
      heads.push(head);
      socket.on('data', (chunk: Buffer) => heads.push(chunk.toString('latin1')));
      socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno');
    });
    const proxy = await startProxy(url);
    const raw = new RawClient(proxy.port);
    onTestFinished(() => void raw.socket.destroy());
    raw.send(requestHead(proxy.port));
    expect(await raw.takeHead()).toContain('HTTP/1.1 401 Unauthorized');
    expect(String(await raw.take(2))).toBe('no');
    raw.send('GET /secret HTTP/1.1\r\nHost: internal\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(heads).toHaveLength(1);
  });

  it('an address that others reach is refused unless asked for', async () => {
    const refused = await runWsimd('proxy', '--port', '0', '--host', '0.0.0.0', 'ws://localhost:1');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('whoever reaches 0.0.0.0 could use this proxy; to allow that, add --expose');
    const proxy = await startProxy('--expose', '--host', '0.0.0.0', 'ws://127.0.0.1:1');
    const raw = new RawClient(proxy.port);
    onTestFinished(() => void raw.socket.destroy());
    raw.send(requestHead(proxy.port));
    expect(await raw.takeHead()).toContain('HTTP/1.1 502 Bad Gateway');
    await expect.poll(() => proxy.stdout).toContain('cannot connect to ws://127.0.0.1:1: connect ECONNREFUSED');
  });

  it.each([
    [
      ['--drop', 'srv:3', 'ws://a'],
      '--drop is a whole number from 1 to 2147483648, which may begin with client: or server:, not "srv:3"',
    ],
    [['--drop', 'x', 'ws://a'], '--drop is a whole number from 1'],
    [['--drop', 'client:0', 'ws://a'], '--drop is a whole number from 1'],
    [['--cut', 'me:1', 'ws://a'], '--cut is a whole number from 1'],
    ...['foo', 'https://a/', 'https://a b', 'example.com:80', 'https://'].map((origin): [string[], string] => [
      ['--allow-origin', origin, 'ws://a'],
      `--allow-origin is '*' or an origin such as https://example.com, not "${origin}"`,
    ]),
    [['--delay', 'soon', 'ws://a'], '--delay is a duration'],
    [['http//a'], 'not a URL of a WebSocket'],
    [['--record', '/nowhere/x', 'ws://a'], '--record /nowhere/x: there is no such folder'],
  ])('%j makes no sense', async (args, message) => {
    const { code, stderr } = await runWsimd('proxy', '--port', '0', ...args);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(message);
  });
});

it('names the option of the port that is taken', async () => {
  const taken = createServer();
  onTestFinished(() => void taken.close());
  await once(taken.listen(0, '127.0.0.1'), 'listening');
  const { port } = taken.address() as AddressInfo;
  const onFeed = await runWsimd('proxy', '--port', '0', '--feed', String(port), 'ws://127.0.0.1:1');
  expect(onFeed.stderr).toContain(`port ${port}: the port is taken; another can be named with --feed\n`);
  const onPort = await runWsimd('proxy', '--port', String(port), '--feed', '0', 'ws://127.0.0.1:1');
  expect(onPort.stderr).toContain(`port ${port}: the port is taken; another can be named with --port\n`);
});

it('nothing that a peer sends reaches the output as a control character', async () => {
  const evil = '\x1b]0;owned\x07\x9b6n\x7f\u202e\u2028';
  const inHead = '\x9d0;owned\x9c\x9b6n\x85';
  const url = await startAnswering((socket, { accept }) => {
    const frames = stream(server.text(evil), server.ping(Buffer.from(evil)), server.close(4000, evil));
    socket.end(Buffer.concat([Buffer.from(switching(accept, `X-Evil: ${inHead}\r\n`), 'latin1'), frames]));
  });
  for (const options of [[], ['--json']]) {
    const proxy = await startProxy(...options, url);
    const raw = connect(proxy.port, '127.0.0.1');
    raw.on('error', () => {}).resume();
    const head = requestHead(proxy.port, { target: `/${inHead}`, lines: [`X-Evil: ${inHead}`] });
    raw.end(Buffer.concat([Buffer.from(head, 'latin1'), stream(client.text(evil))]));
    await expect.poll(() => proxy.stdout).toContain('the connection is over');
    expect(proxy.stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u);
    expect(proxy.stdout).toContain('owned');
    await proxy.stop();
  }
});
