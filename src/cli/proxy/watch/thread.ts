// The watching thread: reads the traffic of the relayed connections and reports it on the output and to the feed. It has a low
// priority, so that it gets the processor only while the relay, the client and the server don't need it.

import type { AddressInfo } from 'node:net';
import { constants, platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { rethrowUnless } from '../../../protocol/rethrow-unless.js';
import { CommandError } from '../../command.js';
import { jsonLine } from '../../inspect/json-lines.js';
import { TextLines } from '../../inspect/text-lines.js';
import { authorityOf, listen } from '../../listening.js';
import { AllowedHosts } from '../../serve/allowed-hosts.js';
import { createPageHandler } from '../../serve/page-files.js';
import { styleFor } from '../../terminal.js';
import { Feed } from './feed.js';
import type { Answer, FromWatcher, ToWatcher, WatchOptions } from './messages.js';
import { Reader } from './reader.js';
import { RingReader } from './ring.js';

/** Characters of output that may be unwritten. While there are more, nothing is read from the ring. */
const MAX_UNWRITTEN = 1024 * 1024;
/** Characters of output that are gathered for one message to the relay's thread. */
const LINES_LENGTH = 64 * 1024;
/** Milliseconds between two looks into the ring while there is traffic. */
const INTERVAL = 8;
/** Milliseconds of reading at each look: a sixteenth of INTERVAL. Without an idle core, more would delay other threads. */
const BUSY_BUDGET = 0.5;
/** Milliseconds of reading while there is no traffic, before messages and the feed have their turn. */
const IDLE_BUDGET = 5;
/** Looks in a row without traffic before it counts as over: a relay under load may get no processor time for several. */
const IDLE_LOOKS = 8;
/** Milliseconds of reading at the end of the program. */
const LAST_BUDGET = 2000;
/** Bytes of the ring that are provided at a time. */
const PROVIDED_LENGTH = 1024 * 1024;
/** build/, as seen from build/src/cli/proxy/watch/thread.js. */
const BUILD = new URL('../../../../', import.meta.url);

const port = parentPort!;
const options = workerData as WatchOptions;
const ring = new RingReader(options.ring);
const unwritten = new Int32Array(options.unwritten);
/** Callbacks for the answers to lines that the feed has sent to the relay's thread, by the line's number. */
const askers = new Map<number, (answer: Answer | undefined) => void>();
let lineCount = 0;
let feed: Feed | undefined;
let lines = '';

function post(message: FromWatcher): void {
  port.postMessage(message);
}

const text = new TextLines({
  style: styleFor({ isTTY: options.isTerminal }),
  width: options.textBytes,
  isCapture: true,
});

const reader = new Reader(
  options.feed === undefined && !options.isJson ? options.textBytes : options.jsonBytes,
  (entry) => {
    let json: string | undefined;
    const jsonOf = () => {
      json ??= jsonLine(entry, options.jsonBytes);
      return json;
    };
    feed?.tell(jsonOf);
    const line = options.isJson ? jsonOf() : text.format(entry);
    if (line === undefined) return;
    lines += `${line}\n`;
    if (lines.length > LINES_LENGTH) flush();
  },
);

function flush(): void {
  if (lines === '') return;
  Atomics.add(unwritten, 0, lines.length);
  post({ type: 'lines', text: lines });
  lines = '';
}

function isFull(): boolean {
  return Atomics.load(unwritten, 0) > MAX_UNWRITTEN || feed?.isFull() === true;
}

/** The count of the ring at the last look, and how many looks have found it unchanged. */
let count = 0;
let idleLooks = 0;

function look(): void {
  idleLooks = ring.count === count ? idleLooks + 1 : 0;
  count = ring.count;
  const isBusy = idleLooks < IDLE_LOOKS;
  if (isFull()) {
    setTimeout(look, INTERVAL);
    return;
  }
  const isEmpty = reader.read(ring, performance.now() + (isBusy ? BUSY_BUDGET : IDLE_BUDGET));
  flush();
  if (isEmpty && !isBusy && ring.sleep()) return;
  if (isBusy) setTimeout(look, INTERVAL);
  else setImmediate(look);
}

async function start(): Promise<void> {
  // Only Linux has a priority for each thread. Elsewhere it would be that of the whole process.
  if (platform() === 'linux') setPriority(constants.priority.PRIORITY_LOW);
  try {
    if (options.feed !== undefined) {
      const { host, port: feedPort, allowedHosts } = options.feed;
      feed = new Feed(new AllowedHosts(host, allowedHosts), createPageHandler(BUILD), ask);
      await listen(feed.server, feedPort, host, '--feed');
    }
  } catch (error) {
    rethrowUnless(error, CommandError);
    post({ type: 'failed', text: error.message });
    port.close();
    return;
  }
  const address = feed === undefined ? undefined : authorityOf(feed.server.address() as AddressInfo);
  post({ type: 'ready', feed: address });
  look();
  provide(0);
}

/** Pages of memory that nobody has used cost the relay as much as sending the bytes that it writes into them. */
function provide(from: number): void {
  const next = ring.provide(from, PROVIDED_LENGTH);
  if (next !== undefined) setImmediate(provide, next);
}

/** Sends a line of the feed to the relay's thread. @returns its answer */
function ask(line: string): Promise<Answer | undefined> {
  const id = lineCount++;
  post({ type: 'line', id, line });
  return new Promise((resolve) => askers.set(id, resolve));
}

port.on('message', (message: ToWatcher) => {
  switch (message.type) {
    case 'wake':
      look();
      break;
    case 'answer':
      askers.get(message.id)?.(message.answer);
      askers.delete(message.id);
      break;
    case 'listening':
      if (feed !== undefined) feed.proxyUrl = message.url;
      break;
    case 'end':
      void end();
      break;
  }
});

async function end(): Promise<void> {
  reader.read(ring, performance.now() + LAST_BUDGET);
  flush();
  await feed?.close();
  post({ type: 'ended' });
  process.exit();
}

await start();
