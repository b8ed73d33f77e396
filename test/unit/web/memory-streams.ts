// Two ends of a connection that exists in memory only: what one writes, the other reads.

import type { ByteStreams } from '../../../src/web/byte-streams.js';

export function connectedStreams(highWaterMark = 0): [client: ByteStreams, server: ByteStreams] {
  const up = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, { highWaterMark });
  const down = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, { highWaterMark });
  return [
    { readable: down.readable, writable: up.writable },
    { readable: up.readable, writable: down.writable },
  ];
}
