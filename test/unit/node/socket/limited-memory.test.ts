// A server that may have little memory, and peers that make it ask for more: they are told 1009, and it goes on.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Peer, stream, wire } from '../../../support/frames/wire.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';

const peer = new Peer('server');
const MIB = 2 ** 20;
/** Of address space: what Node takes for itself, and room for two of the buffers below. */
const LIMIT = 2200 * MIB;
const ADDRESS_LIMIT = process.platform === 'linux';

test.skipIf(!ADDRESS_LIMIT)('a message that there is no memory for ends its connection, not the process', async () => {
  const script = fileURLToPath(new URL('limited-server.mjs', import.meta.url));
  const command = `ulimit -v ${LIMIT / 1024}; exec "$0" "$1"`;
  const child = spawn('sh', ['-c', command, process.execPath, script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  output.on('line', (line) => lines.push(line));
  await once(output, 'line');
  const port = Number(lines.shift());

  async function open(): Promise<RawClient> {
    const client = new RawClient(port);
    onTestFinished(() => void client.socket.destroy());
    client.send(requestHead(port));
    await client.takeHead();
    return client;
  }

  // Once 30 MiB have come, the buffer grows to what the header claims.
  const header = wire(peer.binary(new Uint8Array(0), { claimed: BigInt(600 * MIB) }));
  const clients: RawClient[] = [];
  for (let i = 0; i < 5; i++) {
    const client = await open();
    clients.push(client);
    client.send(header);
    for (let sent = 0; sent < 32 && !client.socket.destroyed; sent++) {
      await new Promise((resolve) => client.socket.write(new Uint8Array(MIB), resolve));
    }
  }
  await expect.poll(() => lines.length).toBeGreaterThan(0);
  expect(new Set(lines)).toEqual(new Set(['WSIMD_ENGINE_LIMIT']));
  expect(clients.some(({ received }) => received.equals(Buffer.from([0x88, 2, 1009 >> 8, 1009 & 255])))).toBe(true);
  const late = await open();
  late.send(stream(peer.text('hi')));
  expect([...(await late.take(4))]).toEqual([0x82, 2, ...Buffer.from('hi')]);
  expect(child.exitCode).toBe(null);
});
