// Copies of what the relay reads: the bytes that arrive are those that were there during the write, however slow the reader is.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { writeCopy } from '../../../../src/cli/proxy/copies.js';
import { createRandom } from '../../../support/inputs/random.js';

async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
  });
  return [client, socket];
}

/** A stream that is no socket and hands its bytes on later. */
function slowPair(): [Duplex, Duplex] {
  const reader = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const writer = new Duplex({
    read() {},
    write(chunk: Uint8Array, _encoding, done) {
      setTimeout(() => {
        reader.push(Buffer.from(chunk));
        done();
      }, 1);
    },
  });
  return [writer, reader];
}

it.each([
  ['a socket whose reader is slow', 12_000_000, socketPair],
  ['a stream of another kind', 3_000_000, slowPair],
])('keeps what is written to %s', async (_, total, makePair) => {
  const [writer, reader] = await makePair();
  const [other, quick] = await socketPair();
  quick.resume();
  const random = createRandom(5);
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  const shared = new Uint8Array(256 * 1024);
  let written = 0;
  for (let i = 0; written < total; i++) {
    const bytes = shared.subarray(0, 1 + (random() % (i % 3 === 0 ? 100 : shared.length)));
    // What was here before may still be on its way.
    bytes.fill(i);
    sent.update(bytes);
    writeCopy(writer, bytes);
    written += bytes.length;
    // Another connection takes its bytes at once.
    writeCopy(other, bytes.fill(i + 1));
    if (i % 7 === 0) await new Promise(setImmediate);
  }
  shared.fill(0);
  // The system does not hold as much as this.
  expect(writer.writableLength).toBeGreaterThan(0);
  let length = 0;
  reader.on('data', (chunk: Buffer) => {
    received.update(chunk);
    length += chunk.length;
  });
  await expect.poll(() => length, { timeout: 20_000 }).toBe(written);
  expect(received.digest('hex')).toBe(sent.digest('hex'));
});
