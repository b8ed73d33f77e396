// Prepared messages that are gathered past the connection (src/node/socket/writes/prepared-run.ts) among anything else that a connection
// does. A message that an observer hears of is never gathered so: the same steps with a subscriber have to come to the same.

import { channel } from 'node:diagnostics_channel';
import { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PreparedMessage, type WebSocket, WebSocketServer } from '../../../src/node/index.js';
import { KEY } from '../../support/peers/raw-client.js';

const SENT = channel('wsimd:websocket:messageSent');
const CLOSE_FRAME = [0x88, 0x82, 0, 0, 0, 0, 3, 232];

/** Takes what is written, at once unless it is stalled. */
class Wire extends Duplex {
  readonly written: Buffer[] = [];
  isStalled = false;
  #waiting: (() => void) | undefined;

  constructor() {
    // How often it asks to wait would depend on how the frames are divided among writes.
    super({ writableHighWaterMark: 2 ** 30 });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.written.push(chunk);
    if (this.isStalled) this.#waiting = callback;
    else callback();
  }

  goOn(): void {
    this.isStalled = false;
    this.#waiting?.();
    this.#waiting = undefined;
  }
}

/** A connection, and what is known of it. */
interface Subject {
  readonly socket: WebSocket;
  readonly wire: Wire;
  readonly log: string[];
  /** A callback that is noted. */
  note(): (error?: Error | null) => void;
}

type Step = readonly [string, (subject: Subject) => unknown];

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const masked = (opcode: number, text: string) =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

const PREPARED = ['a', 'b'.repeat(120), 'é'.repeat(900), 'x'.repeat(3000), 'long '.repeat(1000)];

const prepared = fc
  .record({ text: fc.constantFrom(...PREPARED), count: fc.constantFrom(1, 1, 2, 30), isNoted: fc.nat({ max: 5 }) })
  .map(({ text, count, isNoted }): Step => {
    const message = new PreparedMessage(text);
    const send = ({ socket, note }: Subject) => {
      for (let i = 0; i < count; i++) socket.sendPrepared(message, isNoted === 0 ? note() : undefined);
    };
    return [`${count} prepared of ${text.length}${isNoted === 0 ? ', noted' : ''}`, send];
  });

const others: readonly Step[] = [
  ['turn', turn],
  ['turn again', turn],
  ['tick', () => new Promise<void>((resolve) => process.nextTick(resolve))],
  ['text', ({ socket }) => socket.send('text')],
  ['noted bytes', ({ socket, note }) => socket.send(Buffer.alloc(50), note())],
  ['many bytes', ({ socket, note }) => socket.send(Buffer.alloc(140_000), { compress: false }, note())],
  ['first fragment', ({ socket }) => socket.send('first', { fin: false })],
  ['last fragment', ({ socket, note }) => socket.send('last', { fin: true }, note())],
  ['Blob', ({ socket, note }) => socket.send(new Blob(['blob']), note())],
  ['frames', ({ socket, note }) => socket._sender?.sendFrame([Buffer.from([0x81, 1]), Buffer.from('f')], note())],
  ['ping', ({ socket, note }) => socket.ping('ping', false, note())],
  ['cork', ({ socket }) => socket.cork()],
  ['uncork', ({ socket }) => socket.uncork()],
  ['uncork again', ({ socket }) => socket.uncork()],
  ['amount', ({ socket, log }) => log.push(`amount ${socket.bufferedAmount}`)],
  ['stall', ({ wire }) => Object.assign(wire, { isStalled: true })],
  ['go on', ({ wire }) => wire.goOn()],
  ['message comes', ({ wire }) => wire.push(masked(1, 'hello'))],
  ['ping comes', ({ wire }) => wire.push(Buffer.concat([masked(9, 'x'), masked(1, 'hello'), masked(9, 'y')]))],
];
const last: readonly Step[] = [
  ['Close comes', ({ wire }) => wire.push(Buffer.from(CLOSE_FRAME))],
  ['broken rule comes', ({ wire }) => wire.push(Buffer.from([0xff, 0x80, 0, 0, 0, 0]))],
  ['end comes', ({ wire }) => wire.push(null)],
  ['close', ({ socket }) => socket.close(1000, 'bye')],
  // How much of what a stalled wire has not taken still leaves would depend on how the frames are divided among writes.
  [
    'terminate',
    ({ socket, wire }) => {
      wire.goOn();
      socket.terminate();
    },
  ],
  [
    'destroy',
    ({ wire }) => {
      wire.goOn();
      wire.destroy();
    },
  ],
];

const steps = fc
  .tuple(
    fc.array(fc.oneof({ weight: 2, arbitrary: prepared }, fc.constantFrom(...others)), { maxLength: 30 }),
    fc.constantFrom(...last, undefined),
    fc.array(prepared, { maxLength: 3 }),
  )
  .map(([before, end, after]) => (end === undefined ? before : [...before, end, ...after]));

/** The server's end of a connection whose client is the wire. */
function serve(server: WebSocketServer): Subject {
  const wire = new Wire();
  const request = new IncomingMessage(wire as never);
  const fields = {
    host: 'localhost',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': KEY,
    'sec-websocket-version': '13',
    'sec-websocket-extensions': 'permessage-deflate; client_no_context_takeover',
  };
  Object.assign(request, { method: 'GET', url: '/', httpVersion: '1.1', headers: fields });
  request.rawHeaders.push(...Object.entries(fields).flat());
  let served: WebSocket | undefined;
  server.handleUpgrade(request, wire, Buffer.alloc(0), (socket) => {
    served = socket;
  });
  const socket = served!;
  const log: string[] = [];
  let count = 0;
  for (const name of ['drain', 'dropped', 'close', 'message', 'ping']) {
    socket.on(name, (value?: unknown) => log.push(`${name} ${String(value).length}`));
  }
  socket.on('error', (error: Error) => log.push(`error ${error.message}`));
  socket.on('message', () => {
    for (const text of ['answer', 'another']) attempt(log, () => socket.sendPrepared(new PreparedMessage(text)));
  });
  const note = () => {
    const number = count++;
    return (error?: Error | null) => log.push(`sent ${number} ${error?.message}`);
  };
  return { socket, wire, log, note };
}

/** A message in the middle of fragments is refused. */
function attempt(log: string[], work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    log.push((error as Error).message);
    return undefined;
  }
}

async function play(server: WebSocketServer, all: readonly Step[]): Promise<unknown> {
  const subject = serve(server);
  const { socket, wire, log } = subject;
  await turn();
  const answered = wire.written.splice(0).length;
  for (const [, step] of all) {
    await attempt(log, () => step(subject));
    const { messagesSent, bytesSent, buffered, messagesDropped } = socket.stats();
    log.push(`${messagesSent} ${bytesSent} ${buffered} ${messagesDropped} ${socket.readyState}`);
  }
  for (let i = 0; i < 6; i++) {
    socket.uncork();
    wire.goOn();
    await turn();
  }
  socket.terminate();
  await turn();
  await turn();
  return { answered, log, written: Buffer.concat(wire.written).toString('latin1') };
}

test.each([
  ['without compression', { perMessageDeflate: false }],
  ['with compression', { perMessageDeflate: { threshold: 0 } }],
  ['compressed without takeover', { perMessageDeflate: { threshold: 0, serverNoContextTakeover: true } }],
  ['with dropped messages', { maxBackpressure: 5000, backpressurePolicy: 'drop' as const }],
])(
  '%s, everything else leaves, is counted and called back as if nothing were gathered past the connection',
  async (_how, options) => {
    const server = new WebSocketServer({ noServer: true, ...options });
    const ignore = () => {};
    await fc.assert(
      fc
        .asyncProperty(steps, async (all) => {
          const gathered = await play(server, all);
          SENT.subscribe(ignore);
          expect(gathered).toEqual(await play(server, all));
        })
        .afterEach(() => void SENT.unsubscribe(ignore)),
      { numRuns: 150 },
    );
  },
);
