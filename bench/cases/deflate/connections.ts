// permessage-deflate for many connections: what a message costs if each one comes from another connection, whose memory is
// in no cache. It must not know how things are timed.

import { PerMessageDeflate } from '../../../src/deflate/index.js';
import type { MessageCompression } from '../../../src/messages/compression.js';
import { Digest } from '../../core/digest.js';
import type { Group, Subject, Workload } from '../../core/harness.js';
import { makePayloads } from '../../core/inputs.js';
import { openConnection } from '../../subjects/wsimd/deflate.js';
import { compressAll, type DeflateJob } from './work.js';

const SIZE = 175;
const CONNECTIONS = 4000;
/** Messages of a run. */
const MESSAGES = 4000;
/** What every connection is sent, again and again: more than its window. */
const STREAM_LENGTH = 32;
const MAX_LENGTH = 1024 * 1024;
/** The default, and what takes less memory. */
const HASH_BITS = 11;
const FEWER_HASH_BITS = 10;

function makeJob(): DeflateJob {
  const stream = makePayloads('json', SIZE, STREAM_LENGTH).map((bytes) => Buffer.from(bytes));
  const expected = new Digest();
  for (let i = 0; i < MESSAGES; i++) expected.add(stream[placeOf(i, 0)]!).end();
  return { isTakeover: true, batches: [stream], expected: expected.toString(), bytes: MESSAGES * SIZE };
}

function open(count: number, deflateHashBits: number): MessageCompression[] {
  const deflate = new PerMessageDeflate({ deflateHashBits, kernel: 'wasm', poolLength: 128 * 1024 * 1024 });
  return Array.from({ length: count }, () => openConnection(deflate));
}

/**
 * Which message of the stream comes as the i-th of a run. In a run each of the most connections gets one message, so that
 * neighbours are at different places of the stream; of fewer connections each gets several.
 */
function placeOf(i: number, run: number): number {
  return (i + run) % STREAM_LENGTH;
}

/** Every message is inflated, and sent back deflated. */
function echoSubject(job: DeflateJob, count: number, hashBits: number): Subject {
  const stream = compressAll(job, 1)[0]!;
  const echo = (connection: MessageCompression, place: number) => {
    const payload = stream[place]!;
    const message = connection.inflateBytes(payload, 0, payload.length, MAX_LENGTH, true);
    connection.deflate(message);
    return message;
  };
  /** Connections that have had what comes before their first message of a run, and a window full before that. */
  const openPrimed = () => {
    const connections = open(count, hashBits);
    for (const [i, connection] of connections.entries()) {
      for (let place = 0; place < STREAM_LENGTH + placeOf(i, 0); place++) echo(connection, place % STREAM_LENGTH);
    }
    return connections;
  };
  const connections = openPrimed();
  let runs = 0;
  const run = () => {
    // One connection goes through the stream in order, many go on by one message each.
    const at = count === 1 ? 0 : runs++;
    let total = 0;
    for (let i = 0; i < MESSAGES; i++) total += echo(connections[i % count]!, placeOf(i, at)).length;
    return total;
  };
  const output = () => {
    const fresh = openPrimed();
    const digest = new Digest();
    for (let i = 0; i < MESSAGES; i++) digest.add(echo(fresh[i % count]!, placeOf(i, 0))).end();
    return digest.toString();
  };
  return { name: `${count} in turn${hashBits === HASH_BITS ? '' : `, hash ${hashBits}`}`, run, output };
}

export const deflateConnectionGroup: Group = {
  id: 'deflate/connections/echo',
  title: 'Inflate a message and deflate it again, each of another connection',
  notes: [
    'Messages like JSON, remembered in both directions. Of one connection all that it remembers stays in the cache.',
  ],
  pairs: [
    ['1 in turn', `${CONNECTIONS} in turn`],
    [`${CONNECTIONS} in turn`, `${CONNECTIONS} in turn, hash ${FEWER_HASH_BITS}`],
  ],
  cases: [
    {
      label: String(SIZE),
      make(): Workload {
        const job = makeJob();
        const subjects = [
          echoSubject(job, 1, HASH_BITS),
          echoSubject(job, CONNECTIONS, HASH_BITS),
          echoSubject(job, CONNECTIONS, FEWER_HASH_BITS),
        ];
        return { operations: MESSAGES, bytes: job.bytes, expected: job.expected, subjects };
      },
    },
  ],
};
