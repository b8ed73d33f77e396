// The client under test on Node: `ws` or a build of wsimd opens connections and keeps messages in flight on each. It counts,
// checks and times the answers itself, since it is what is measured.

import { once } from 'node:events';
import { Histogram } from '../../../src/cli/load/histogram.js';
import { toText } from '../../core/inputs.js';
import { makePayloadCycle } from '../../run/load/wire.js';
import { control } from './control.js';
import { readClientJob } from './job.js';
import { summarizeLatency } from './latency.js';
import { loadLibrary, type Socket } from './library.js';

const job = readClientJob(process.argv[2]);
const { WebSocket } = await loadLibrary(job.library);
const isText = job.form !== 'binary';
const payloads = makePayloadCycle(job);
const messages = payloads.map((bytes) => (isText ? toText(bytes) : Buffer.from(bytes)));
const scheme = job.certificate === undefined ? 'ws' : 'wss';

let count = 0;
let bytes = 0;
let latencies = new Histogram();
let isPaused = true;
/** Of each connection: sends until as many are in flight as the job says. */
const fills: (() => void)[] = [];

const sockets = Array.from({ length: job.connections }, open);
await Promise.all(sockets.map((socket) => once(socket as never, 'open')));
control(
  {
    port: 0,
    versions: { node: process.versions.node },
  },
  {
    reset: () => {
      count = 0;
      bytes = 0;
      latencies = new Histogram();
    },
    resume: () => {
      isPaused = false;
      for (const fill of fills) fill();
    },
    pause: () => {
      isPaused = true;
    },
    traffic: () => ({ messages: count, bytes, latency: summarizeLatency(latencies) }),
  },
);

function open(): Socket {
  const socket = new WebSocket(`${scheme}://127.0.0.1:${job.port}`, {
    perMessageDeflate: false,
    rejectUnauthorized: false,
    ...(job.isBorrowed ? { messageLifetime: 'listener' } : {}),
  });
  let sent = 0;
  let received = 0;
  const sentAt: number[] = [];
  const send = () => {
    sentAt[sent % job.inFlight] = performance.now();
    socket.send(messages[sent++ % payloads.length]!);
  };
  fills.push(() => {
    while (sent - received < job.inFlight) send();
  });
  socket.on('message', (data) => {
    const expected = payloads[received % payloads.length]!;
    if (Buffer.compare(data as Buffer, expected) !== 0) throw new Error('the answer is not what was sent');
    latencies.add(performance.now() - sentAt[received % job.inFlight]!);
    received++;
    count++;
    bytes += job.size;
    if (!isPaused) send();
  });
  return socket;
}
