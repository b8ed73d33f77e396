// Our ways of making frames, as subjects: many into one buffer, one by one, through all that a connection does. It must not
// know any peer, nor any runtime: the page in browsers measures the same.

import { MAX_HEADER_LENGTH, OPCODE_BINARY, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { Connection, FrameEncoder, FrameWriter, type KernelName, type Role } from '../../../src/index.js';
import { Digest } from '../../core/digest.js';
import { digestFrames } from '../../core/frames.js';
import type { Subject } from '../../core/harness.js';
import { CHUNK_LENGTH, type Content, callsFor, makePayloads, toText } from '../../core/inputs.js';

/** What is gathered for one write: no more than the replies to a chunk of 64 KiB. */
export const MAX_BATCH = 64;

/** The messages of a run: all strings, or all Buffers. */
export interface Messages<Bytes extends Uint8Array = Uint8Array> {
  readonly role: Role;
  readonly opcode: number;
  readonly payloads: readonly (string | Bytes)[];
  /** How many of them go into one buffer. */
  readonly batch: number;
}

/** Messages of one length, and what every subject must make of them. */
export interface EncodeJob<Bytes extends Uint8Array = Uint8Array> {
  readonly messages: Messages<Bytes>;
  readonly expected: string;
}

/** @param own makes of bytes what this runtime's users send */
export function makeMessages<Bytes extends Uint8Array>(
  role: Role,
  content: Content,
  size: number,
  own: (bytes: Uint8Array) => Bytes,
): EncodeJob<Bytes> {
  const opcode = content === 'binary' ? OPCODE_BINARY : OPCODE_TEXT;
  const bytes = makePayloads(content, size, callsFor(size));
  const expected = new Digest();
  for (const payload of bytes) expected.add(payload).end(opcode);
  const payloads = opcode === OPCODE_TEXT ? bytes.map(toText) : bytes.map(own);
  const batch = Math.max(1, Math.min(MAX_BATCH, Math.floor(CHUNK_LENGTH / (size + MAX_HEADER_LENGTH))));
  return { messages: { role, opcode, payloads, batch }, expected: expected.toString() };
}

/** @param frames makes the frames once more, joined anyhow */
export function makeEncodeSubject(
  name: string,
  { role }: Messages,
  run: () => number,
  frames: () => Iterable<Uint8Array>,
): Subject {
  const output = () => {
    const digest = new Digest();
    for (const bytes of frames()) digestFrames(bytes, role === 'client', digest);
    return digest.toString();
  };
  return { name, run, output };
}

/** Many messages in one buffer that is used again. */
export function writerSubject(name: string, kernel: KernelName, messages: Messages): Subject {
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
  return makeEncodeSubject(name, messages, run, () => {
    for (const payload of payloads) writer.write(opcode, payload);
    return [writer.take()];
  });
}

/** A new buffer for each message. */
export function encoderSubject(messages: Messages): Subject {
  const { role, opcode, payloads } = messages;
  const encoder = new FrameEncoder({ role, kernel: 'wasm' });
  const run = () => {
    let total = 0;
    for (const payload of payloads) total += encoder.encode(opcode, payload).length;
    return total;
  };
  return makeEncodeSubject('single', messages, run, () => payloads.map((payload) => encoder.encode(opcode, payload)));
}

/** All that a connection does with a message. */
export function connectionSubject(messages: Messages): Subject {
  const { role, payloads, batch } = messages;
  const connection = new Connection({ role, kernel: 'wasm' });
  const send = (payload: string | Uint8Array) => {
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
  return makeEncodeSubject('connection', messages, run, () => {
    payloads.forEach(send);
    return [connection.takeOutgoing()];
  });
}
