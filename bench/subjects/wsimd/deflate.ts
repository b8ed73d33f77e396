// Our permessage-deflate, as subjects: a connection of a server. It must not know any peer.

import { PerMessageDeflate } from '../../../src/deflate/index.js';
import type { MessageCompression } from '../../../src/messages/compression.js';
import { compressAll, type DeflateJob, Referee, WINDOW_BITS } from '../../cases/deflate/work.js';
import { Digest } from '../../core/digest.js';
import type { Subject } from '../../core/harness.js';

const MAX_LENGTH = 16 * 1024 * 1024;

/** With the defaults, but for what the case is about. */
function openCompression(isTakeover: boolean): MessageCompression {
  const deflate = new PerMessageDeflate({
    deflateTakeover: isTakeover,
    inflateTakeover: isTakeover,
    threshold: 0,
    kernel: 'wasm',
  });
  return openConnection(deflate);
}

/** A connection of a server to a client that takes any window. */
export function openConnection(deflate: PerMessageDeflate): MessageCompression {
  const answer = deflate.answer([
    { name: 'permessage-deflate', parameters: [['client_max_window_bits', String(WINDOW_BITS)]] },
  ]);
  const compression = deflate.forServer(answer);
  if (compression === undefined) throw new Error('there is no compression');
  return compression;
}

export function inflateSubject(job: DeflateJob): Subject {
  const batches = compressAll(job, 1);
  const compression = openCompression(job.isTakeover);
  const inflate = (one: MessageCompression, payload: Buffer) =>
    one.inflateBytes(payload, 0, payload.length, MAX_LENGTH, false);
  let next = 0;
  const run = () => {
    let total = 0;
    for (const payload of batches[next++ % batches.length]!) total += inflate(compression, payload).length;
    return total;
  };
  const output = () => {
    const digest = new Digest();
    const fresh = openCompression(job.isTakeover);
    for (const batch of batches) for (const payload of batch) digest.add(inflate(fresh, payload)).end();
    fresh.release();
    return digest.toString();
  };
  return { name: 'wsimd', run, output, dispose: () => compression.release() };
}

export function deflateSubject(job: DeflateJob): Subject {
  const { batches, isTakeover, bytes } = job;
  const compression = openCompression(isTakeover);
  let next = 0;
  const run = () => {
    for (const message of batches[next++ % batches.length]!) compression.deflate(message);
    return bytes;
  };
  const output = () => {
    const referee = new Referee(job);
    const fresh = openCompression(isTakeover);
    for (const message of batches.flat()) referee.add(0, message, fresh.deflate(message));
    fresh.release();
    return referee.toString();
  };
  return { name: 'wsimd', run, output, dispose: () => compression.release() };
}
