// examples/shutdown.mjs with many connections, ended by SIGTERM. WSIMD_CONNECTIONS says how many; 10,000 need `ulimit -n 20000`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Peer, wire } from '../../support/frames/wire.js';
import { requestHead } from '../../support/peers/raw-client.js';

const ROOT = new URL('../../..', import.meta.url).pathname;
const COUNT = Number(process.env.WSIMD_CONNECTIONS ?? 500);
/** Of ten clients, one does not answer. */
const MUTE_EVERY = 10;
const AT_ONCE = 200;
const CLOSE = wire(new Peer('server').close(1001));

/** A client that answers a Close frame, or not. @returns once it is open */
function openClient(port: number, isMute: boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let isOpen = false;
    socket.on('data', (chunk) => {
      if (!isOpen) {
        isOpen = true;
        resolve(socket);
      } else if (chunk[0] === 0x88 && !isMute) {
        socket.write(CLOSE);
      }
    });
    // One that is cut may be reset.
    socket.on('error', reject);
    socket.write(requestHead(port));
  });
}

test(`SIGTERM closes ${COUNT} connections, cuts those that do not answer, and the process ends`, async () => {
  const server = spawn(
    process.execPath,
    ['--import', './test/robustness/shutdown/stalls.mjs', 'examples/shutdown.mjs'],
    { cwd: ROOT, env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void server.kill('SIGKILL'));
  let output = '';
  server.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await expect.poll(() => output).toMatch(/listening on/);
  const port = Number(/:(\d+)\n/.exec(output)?.[1]);
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let i = 0; i < COUNT; i += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, COUNT - i) }, (_, j) =>
      openClient(port, (i + j) % MUTE_EVERY === 0),
    );
    sockets.push(...(await Promise.all(batch)));
  }
  const ended = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  server.kill('SIGTERM');
  const [exitCode] = await once(server, 'exit');
  await ended;
  console.log(output);
  expect(exitCode).toBe(0);
  const mute = Math.ceil(COUNT / MUTE_EVERY);
  expect(output).toContain(`SIGTERM: closing ${COUNT} connections within 10000 ms\n`);
  expect(output).toContain(`closed ${COUNT - mute}, cut ${mute}\n`);
  expect(output).toMatch(/longest stall [\d.]+ ms/);
});
