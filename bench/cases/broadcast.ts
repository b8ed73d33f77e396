// One message to many connections, as a chat server or a ticker sends it. It must not know how things are timed.

import type { Sender as WsSender } from 'ws';
import { OPCODE_BINARY, OPCODE_TEXT } from '../../assembly/shared/protocol.js';
import { Connection, PreparedMessage } from '../../src/index.js';
import { Digest } from '../core/digest.js';
import { digestFrames } from '../core/frames.js';
import type { Group, Subject } from '../core/harness.js';
import { makePayloads, toText } from '../core/inputs.js';
import { Sink } from '../subjects/peers/encode.js';
import { toOwnBuffer } from '../subjects/peers/peers.js';
import { ws } from '../subjects/peers/ws-copies.js';

const CONNECTIONS = 100;
const MESSAGES = 8;
const SIZES = [125, 16 * 1024];

type Content = 'ascii' | 'binary';
type Message = string | Buffer;

/** What 100 sockets are given: counted, or kept to be looked at. */
class Wire {
  total = 0;
  readonly kept: Uint8Array[] | undefined;

  constructor(isKept: boolean) {
    this.kept = isKept ? [] : undefined;
  }

  write(bytes: Uint8Array): void {
    this.total += bytes.length;
    this.kept?.push(bytes.slice());
  }
}

/** @param start makes the connections, and returns what sends a message to all of them */
function makeSubject(name: string, messages: readonly Message[], start: (wire: Wire) => (message: Message) => void) {
  const wire = new Wire(false);
  const broadcast = start(wire);
  const run = () => {
    wire.total = 0;
    for (const message of messages) broadcast(message);
    return wire.total;
  };
  const output = () => {
    const digest = new Digest();
    const keeping = new Wire(true);
    const keep = start(keeping);
    for (const message of messages) keep(message);
    // As one stream: a peer may have written a header and its payload by themselves.
    digestFrames(Buffer.concat(keeping.kept ?? []), false, digest);
    return digest.toString();
  };
  return { name, run, output } satisfies Subject;
}

const BY_REFERENCE = { byReference: true };

function makeConnections(): Connection[] {
  return Array.from({ length: CONNECTIONS }, () => new Connection({ role: 'server', kernel: 'wasm' }));
}

function flush(connection: Connection, wire: Wire): void {
  const frames = connection.takeOutgoing();
  wire.write(frames);
  connection.releaseOutgoing(frames);
}

function startPrepared(wire: Wire) {
  const connections = makeConnections();
  return (message: Message) => {
    const prepared = new PreparedMessage(message);
    for (const connection of connections) {
      connection.sendPrepared(prepared, BY_REFERENCE);
      for (const segment of connection.takeOutgoingSegments()) wire.write(segment);
    }
  };
}

function startGathered(wire: Wire) {
  const connections = makeConnections();
  return (message: Message) => {
    const prepared = new PreparedMessage(message);
    for (const connection of connections) {
      connection.sendPrepared(prepared);
      flush(connection, wire);
    }
  };
}

function startShared(wire: Wire) {
  return (message: Message) => {
    const { serverFrame } = new PreparedMessage(message);
    for (let i = 0; i < CONNECTIONS; i++) wire.write(serverFrame);
  };
}

function startSending(wire: Wire) {
  const connections = makeConnections();
  return (message: Message) => {
    for (const connection of connections) {
      if (typeof message === 'string') connection.sendText(message);
      else connection.sendBinary(message);
      flush(connection, wire);
    }
  };
}

class WireSink extends Sink {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    super(0);
    this.#wire = wire;
  }
  override write(data: Buffer | string): void {
    // Its user has made a Buffer of a text before, so that this is one too.
    this.#wire.write(typeof data === 'string' ? Buffer.from(data) : data);
  }
}

function startWs(wire: Wire) {
  const sink = new WireSink(wire);
  const senders: readonly WsSender[] = Array.from({ length: CONNECTIONS }, () => new ws.Sender(sink));
  return (message: Message) => {
    const data = typeof message === 'string' ? Buffer.from(message) : message;
    const binary = typeof message !== 'string';
    for (const sender of senders) sender.send(data, { binary, compress: false, fin: true, mask: false });
  };
}

function makeGroup(content: Content): Group {
  const name = content === 'ascii' ? 'text' : 'binary';
  return {
    id: `broadcast/${name}`,
    title: `Send one ${name} message to ${CONNECTIONS} connections, for each of them`,
    notes: [
      'prepared: Connection.sendPrepared by reference, as broadcast of wsimd/node does it; gathered: Connection.sendPrepared, which copies the frame; shared: its serverFrame written to each socket as it is; connection: Connection.send… on each. ws send: Sender.send on each, of a Buffer that its user makes of a text once.',
      'The sockets do nothing.',
    ],
    pairs: [
      ['prepared', 'ws send'],
      ['gathered', 'ws send'],
      ['shared', 'ws send'],
      ['connection', 'ws send'],
    ],
    cases: SIZES.map((size) => ({
      label: String(size),
      make() {
        const payloads = makePayloads(content, size, MESSAGES);
        const opcode = content === 'ascii' ? OPCODE_TEXT : OPCODE_BINARY;
        const expected = new Digest();
        for (const payload of payloads) for (let i = 0; i < CONNECTIONS; i++) expected.add(payload).end(opcode);
        const messages = content === 'ascii' ? payloads.map(toText) : payloads.map(toOwnBuffer);
        return {
          operations: MESSAGES * CONNECTIONS,
          bytes: MESSAGES * CONNECTIONS * size,
          expected: expected.toString(),
          subjects: [
            makeSubject('prepared', messages, startPrepared),
            makeSubject('gathered', messages, startGathered),
            makeSubject('shared', messages, startShared),
            makeSubject('connection', messages, startSending),
            makeSubject('ws send', messages, startWs),
          ],
        };
      },
    })),
  };
}

export const broadcastGroups: readonly Group[] = [makeGroup('ascii'), makeGroup('binary')];
