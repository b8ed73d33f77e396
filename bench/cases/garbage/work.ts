// Whose garbage is counted: the subjects of decoding and encoding, verified, one of each. It must not know how it is counted.

import { OPCODE_BINARY, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { Digest } from '../../core/digest.js';
import type { Subject } from '../../core/harness.js';
import { type Content, makeStream } from '../../core/inputs.js';
import { wsSubject } from '../../subjects/peers/decode.js';
import { wsSendSubject } from '../../subjects/peers/encode.js';
import { createReceiver, toOwnBuffer } from '../../subjects/peers/peers.js';
import { cursorSubject, type DecodeJob, messageSubject, viewSubject } from '../../subjects/wsimd/decode.js';
import { connectionSubject, encoderSubject, makeMessages, writerSubject } from '../../subjects/wsimd/encode.js';

/** The work of one run. */
export interface GarbageWork {
  readonly operations: number;
  readonly subjects: readonly Subject[];
}

/** @throws Error if a subject does not do what it should */
export function makeGarbageSubjects(kind: 'decode' | 'encode', content: Content, size: number): GarbageWork {
  const { operations, subjects, expected } = kind === 'decode' ? decoding(content, size) : encoding(content, size);
  for (const subject of subjects) {
    const output = subject.output();
    if (output !== expected) throw new Error(`${subject.name} delivers ${output}, not ${expected}`);
  }
  return { operations, subjects };
}

function decoding(content: Content, size: number): GarbageWork & { readonly expected: string } {
  const stream = makeStream(content, size, 'stream');
  const job = { stream, role: 'server', own: toOwnBuffer } as const;
  const subjects = [
    cursorSubject('cursor', 'wasm', job),
    viewSubject('views', 'wasm', job),
    messageSubject('messages', 'wasm', job),
    leastSubject(content, job),
    wsSubject(job, true),
  ];
  return { operations: stream.messages, subjects, expected: stream.expected };
}

/** What its user is given of each message, made from bytes that are decoded already: the string, or a view. */
function leastSubject(content: Content, { stream, role }: DecodeJob): Subject {
  const isText = content !== 'binary';
  const payloads: Buffer[] = [];
  const receiver = createReceiver(role, (data) => payloads.push(toOwnBuffer(data)));
  for (const chunk of stream.chunks) receiver.write(toOwnBuffer(chunk));
  const bytes = toOwnBuffer(Buffer.concat(payloads));
  const size = bytes.length / payloads.length;
  const make = (start: number) =>
    isText
      ? bytes.toString('latin1', start, start + size)
      : new Uint8Array(bytes.buffer, bytes.byteOffset + start, size);
  const run = () => {
    let total = 0;
    for (let start = 0; start < bytes.length; start += size) total += make(start).length;
    return total;
  };
  const output = () => {
    const digest = new Digest();
    const opcode = isText ? OPCODE_TEXT : OPCODE_BINARY;
    for (let start = 0; start < bytes.length; start += size) digest.add(make(start)).end(opcode);
    return digest.toString();
  };
  return { name: isText ? 'string alone' : 'view alone', run, output };
}

function encoding(content: Content, size: number): GarbageWork & { readonly expected: string } {
  const { messages, expected } = makeMessages('server', content, size, toOwnBuffer);
  const subjects = [
    writerSubject('writer', 'wasm', messages),
    connectionSubject(messages),
    encoderSubject(messages),
    wsSendSubject(messages, size),
  ];
  return { operations: messages.payloads.length, subjects, expected };
}
