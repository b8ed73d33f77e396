// Python's `websockets` (Debian's python3-websockets): its client against our server, our client against its server, over
// ws: and wss:.

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/node/index.js';
import { digest } from '../support/digest.js';
import { describeWith } from '../support/peers.js';
import { next, startServer } from '../support/servers.js';
import { makeCertificate } from '../support/tls.js';

const PYTHON = '/usr/bin/python3';
const here = (name: string) => new URL(name, import.meta.url).pathname;
const isThere = spawnSync(PYTHON, ['-c', 'import websockets']).status === 0;

describeWith('python3-websockets', isThere, () => {
  let folder: string;
  const certificate = makeCertificate();
  const children: ChildProcess[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wsimd-python-'));
    writeFileSync(join(folder, 'cert.pem'), certificate.cert);
    writeFileSync(join(folder, 'key.pem'), certificate.key);
  });
  afterAll(() => {
    for (const child of children) child.kill();
    rmSync(folder, { recursive: true });
  });

  test.each(['ws', 'wss'])('its client against our server over %s:', async (scheme) => {
    const isSecure = scheme === 'wss';
    const running = await startServer({}, isSecure ? { certificate } : {});
    const closed = new Promise((resolve) => {
      running.server.on('connection', (webSocket) => webSocket.on('close', (...close) => resolve(close)));
    });
    const { stdout } = await promisify(execFile)(PYTHON, [
      here('python_client.py'),
      running.url,
      ...(isSecure ? [join(folder, 'cert.pem')] : []),
    ]);
    expect(JSON.parse(stdout)).toEqual({
      text: 'hello',
      emoji: true,
      binary: true,
      fragmented: 'fragmented',
      pong: true,
      close: [4242, 'thank you'],
    });
    expect(await closed).toEqual([4242, Buffer.from('thank you')]);
    await running.stop();
  });

  test.each(['ws', 'wss'])('our client against its server over %s:', async (scheme) => {
    const isSecure = scheme === 'wss';
    const files = isSecure ? [join(folder, 'cert.pem'), join(folder, 'key.pem')] : [];
    const child = spawn(PYTHON, [here('python_echo_server.py'), ...files], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [port] = await next<[Buffer]>(child.stdout, 'data');
    const webSocket = await connect(`${scheme}://127.0.0.1:${Number(port)}/`, {
      ca: certificate.cert,
    });
    const received: (string | Buffer)[] = [];
    webSocket.on('message', (data: Buffer, isBinary) => received.push(isBinary ? data : data.toString()));
    const sent = ['hello', '漢字🎉'.repeat(1000), Buffer.alloc(1 << 19, 'abc'), '', Buffer.alloc(0)];
    for (const data of sent) webSocket.send(data);
    await expect.poll(() => received.length, { timeout: 10_000 }).toBe(sent.length);
    expect(received.map(digest)).toEqual(sent.map(digest));
    const pong = next<[Buffer]>(webSocket, 'pong');
    webSocket.ping('payload');
    expect((await pong)[0].toString()).toBe('payload');
    const closed = next(webSocket, 'close');
    webSocket.close(4242, 'thank you');
    expect((await closed)[0]).toBe(4242);
  });
});
