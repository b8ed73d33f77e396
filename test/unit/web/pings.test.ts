// src/web/: a peer that pings and does not read, over streams that hold no more than a chunk.

import { expect, it } from 'vitest';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { createRequest } from '../../../src/handshake/client.js';
import { encodeLatin1 } from '../../../src/handshake/head.js';
import { acceptWebSocket } from '../../../src/web/index.js';
import { hex, Peer, PONG, stream } from '../../support/frames/wire.js';
import { connectedStreams } from './memory-streams.js';

const peer = new Peer('server');

it('of the pings beyond maxPendingPongs the most recent one is answered once the transport takes what waits', async () => {
  const [near, far] = connectedStreams(1);
  const server = acceptWebSocket(far, { maxPendingPongs: 2 });
  const writer = near.writable.getWriter();
  const reader = near.readable.getReader();
  await writer.write(encodeLatin1(createRequest({ url: 'ws://example.com/' }).head));
  await reader.read();
  await server.opened;
  for (let i = 0; i < 50; i++) await writer.write(stream(...[0, 1, 2, 3].map((j) => peer.ping(Uint8Array.of(i, j)))));

  // What is read meets the answers to the last ping; before it there are at most three for each write that was under way.
  const decoder = new FrameDecoder({ role: 'client' });
  const pongs: string[] = [];
  let reads = 0;
  while (pongs.at(-1) !== `${PONG} 3103`) {
    const { value } = await reader.read();
    reads++;
    for (const { opcode, payload } of decoder.decodeFrames(value!).frames) pongs.push(`${opcode} ${hex(payload)}`);
  }
  expect(pongs.length).toBeLessThanOrEqual(3 * reads);
  expect(reads).toBeLessThan(10);
  expect(pongs.slice(0, 2)).toEqual([`${PONG} 0000`, `${PONG} 0001`]);
  // The last ping of a chunk: how many chunks come before the first write is the streams' affair.
  expect(pongs[2]).toMatch(/03$/);
  await writer.abort();
});
