// Making frames, for both roles: many into one buffer, one by one, and through all that a connection does. It must not know
// how things are timed.

import { Sender, type SenderSocket } from 'ws';
import { MAX_HEADER_LENGTH, OPCODE_BINARY, OPCODE_TEXT } from '../../assembly/protocol.js';
import { Connection, FrameEncoder, FrameWriter, type KernelName, type Role } from '../../src/index.js';
import { Digest } from '../digest.js';
import { digestFrames } from '../frames.js';
import type { Case, Group, Subject } from '../harness.js';
import { CHUNK_LENGTH, callsFor, makePayloads, toText } from '../inputs.js';
import { toOwnBuffer } from '../peers.js';

const SIZES = [16, 64, 125, 512, 1024, 8192, 65536];
/** What is gathered for one write: no more than the replies to a chunk of 64 KiB. */
const MAX_BATCH = 64;

/** The messages of a run: all strings, or all Buffers. */
interface Messages {
  readonly role: Role;
  readonly opcode: number;
  readonly payloads: readonly (string | Buffer)[];
  /** How many of them go into one buffer. */
  readonly batch: number;
}

function makeSubject(name: string, { role }: Messages, run: () => number, frames: () => Iterable<Uint8Array>): Subject {
  const output = () => {
    const digest = new Digest();
    for (const bytes of frames()) digestFrames(bytes, role === 'client', digest);
    return digest.toString();
  };
  return { name, run, output };
}

function writerSubject(name: string, kernel: KernelName, messages: Messages): Subject {
  const { role, opcode, payloads, batch } = messages;
  const writer = new FrameWriter(new FrameEncoder({ role, kernel }));
  const run = () => {
    let total = 0;
    for (let i = 0; i < payloads.length; ) {
      for (const end = Math.min(i + batch, payloads.length); i < end; i++) writer.write(opcode, payloads[i]!);
      const frames = writer.take();
      total += frames.length;
      FrameWriter.release(frames);
    }
    return total;
  };
  return makeSubject(name, messages, run, () => {
    for (const payload of payloads) writer.write(opcode, payload);
    return [writer.take()];
  });
}

function encoderSubject(messages: Messages): Subject {
  const { role, opcode, payloads } = messages;
  const encoder = new FrameEncoder({ role, kernel: 'wasm' });
  const run = () => {
    let total = 0;
    for (const payload of payloads) total += encoder.encode(opcode, payload).length;
    return total;
  };
  return makeSubject('single', messages, run, () => payloads.map((payload) => encoder.encode(opcode, payload)));
}

function connectionSubject(messages: Messages): Subject {
  const { role, payloads, batch } = messages;
  const connection = new Connection({ role, kernel: 'wasm' });
  const send = (payload: string | Buffer) => {
    if (typeof payload === 'string') connection.sendText(payload);
    else connection.sendBinary(payload);
  };
  const run = () => {
    let total = 0;
    for (let i = 0; i < payloads.length; ) {
      for (const end = Math.min(i + batch, payloads.length); i < end; i++) send(payloads[i]!);
      const frames = connection.takeOutgoing();
      total += frames.length;
      connection.releaseOutgoing(frames);
    }
    return total;
  };
  return makeSubject('connection', messages, run, () => {
    payloads.forEach(send);
    return [connection.takeOutgoing()];
  });
}

function wsFrameSubject(messages: Messages): Subject {
  const { role, opcode, payloads } = messages;
  const options = { fin: true, rsv1: false, opcode, mask: role === 'client', readOnly: true };
  const run = () => {
    let total = 0;
    for (const payload of payloads) {
      const parts = Sender.frame(payload, options);
      total += parts[0]!.length + (parts.length === 2 ? parts[1]!.length : 0);
    }
    return total;
  };
  return makeSubject('ws frame', messages, run, () =>
    payloads.map((payload) => Buffer.concat(Sender.frame(payload, options))),
  );
}

/** Takes all and does the least that a socket must: a string has to become bytes. */
class Sink implements SenderSocket {
  bytes = 0;
  readonly #scratch: Buffer;

  constructor(longest: number) {
    this.#scratch = Buffer.allocUnsafeSlow(longest);
  }
  cork(): void {}
  uncork(): void {}
  write(data: Buffer | string): void {
    this.bytes += typeof data === 'string' ? this.#scratch.write(data) : data.length;
  }
}

class CollectingSink extends Sink {
  readonly parts: Buffer[] = [];

  override write(data: Buffer | string): void {
    this.parts.push(Buffer.from(data));
  }
}

function wsSendSubject(messages: Messages, size: number): Subject {
  const { role, opcode, payloads } = messages;
  const binary = opcode === OPCODE_BINARY;
  const mask = role === 'client';
  const sink = new Sink(size);
  const sendAll = (sender: Sender) => {
    for (const payload of payloads) sender.send(payload, { binary, mask, compress: false, fin: true });
  };
  const sender = new Sender(sink);
  const run = () => {
    sink.bytes = 0;
    sendAll(sender);
    return sink.bytes;
  };
  return makeSubject('ws send', messages, run, () => {
    const collecting = new CollectingSink(0);
    sendAll(new Sender(collecting));
    return [Buffer.concat(collecting.parts)];
  });
}

function makeCase(role: Role, opcode: number, size: number): Case {
  return {
    label: String(size),
    make() {
      const bytes = makePayloads(opcode === OPCODE_TEXT ? 'ascii' : 'binary', size, callsFor(size));
      const expected = new Digest();
      for (const payload of bytes) expected.add(payload).end(opcode);
      const payloads = opcode === OPCODE_TEXT ? bytes.map(toText) : bytes.map(toOwnBuffer);
      const batch = Math.max(1, Math.min(MAX_BATCH, Math.floor(CHUNK_LENGTH / (size + MAX_HEADER_LENGTH))));
      const messages = { role, opcode, payloads, batch };
      // A server's frames are made without the kernel: both kernels would be one subject.
      const portable = role === 'client' ? [writerSubject('portable', 'portable', messages)] : [];
      return {
        operations: bytes.length,
        bytes: bytes.length * size,
        expected: expected.toString(),
        subjects: [
          writerSubject('writer', 'wasm', messages),
          encoderSubject(messages),
          connectionSubject(messages),
          ...portable,
          wsFrameSubject(messages),
          wsSendSubject(messages, size),
        ],
      };
    },
  };
}

function makeGroup(role: Role, opcode: number): Group {
  const name = opcode === OPCODE_TEXT ? 'text' : 'binary';
  return {
    id: `encode/${role}/${name}`,
    title: `Encode ${name} as a ${role}`,
    notes: [
      `writer: FrameWriter, up to ${MAX_BATCH} messages or ${CHUNK_LENGTH / 1024} KiB into one buffer that is used again; single: FrameEncoder.encode, a new buffer for each; connection: Connection.send…, taken as the writer's.`,
      'ws frame: Sender.frame, whose header and payload remain two buffers: joining them is left to the socket. ws send: Sender.send into a socket that does nothing but turn strings into bytes, as a socket must.',
    ],
    pairs: [
      ['writer', 'ws frame'],
      ['single', 'ws frame'],
      ['connection', 'ws send'],
      ...(role === 'client' ? [['writer', 'portable'] as const] : []),
    ],
    cases: SIZES.map((size) => makeCase(role, opcode, size)),
  };
}

export const encodeGroups: readonly Group[] = [
  makeGroup('server', OPCODE_TEXT),
  makeGroup('server', OPCODE_BINARY),
  makeGroup('client', OPCODE_TEXT),
  makeGroup('client', OPCODE_BINARY),
];
