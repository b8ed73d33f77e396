// Puts one case of the fuzzer to both kernels, the reference decoder and `ws`, and says what differs. The reference reads the
// stream whole and the others in its chunks, so a wrong cut shows too.

import {
  Connection,
  FrameDecoder,
  type KernelName,
  MessageDecoder,
  type MessageDecoderOptions,
  type MessageEvent,
  type ProtocolError,
} from '../../../../src/index.js';
import {
  type ReferenceEvent,
  type ReferenceResult,
  referenceDecode,
} from '../../../support/oracles/reference-decoder.js';
import type { FuzzCase } from './generate.js';
import { DIFFERENCES, receiveWithWs } from './ws-receiver.js';

const KERNELS: readonly KernelName[] = ['wasm', 'portable'];
const MODES: readonly Omit<MessageDecoderOptions, 'role'>[] = [
  {},
  { ownsChunks: false },
  { deliver: 'pieces' },
  { textAs: 'bytes' },
  { deliver: 'pieces', textAs: 'bytes', ownsChunks: false },
];
const DEFAULT_LIMIT = 16 * 1024 * 1024;

/** How often a difference of `ws` explained what it made of a stream. */
export type DifferenceCounts = Map<string, number>;

/**
 * @param turn which ways are tried beside the messages: frames and the connection by turns, and each way of taking messages;
 *   all have been in ten turns
 * @returns what differs; undefined where all agree
 */
export function check(fuzzCase: FuzzCase, turn: number, differences?: DifferenceCounts): string | undefined {
  const { role, options, bytes } = fuzzCase;
  const reference = referenceDecode(bytes, {
    ...options,
    role,
    maxMessageLength: options.maxMessageLength ?? DEFAULT_LIMIT,
  });
  for (const kernel of KERNELS) {
    const problem =
      checkMessages(fuzzCase, reference, kernel, MODES[turn % MODES.length]!) ??
      (turn % 2 === 0 || role === 'observer'
        ? checkFrames(fuzzCase, reference, kernel)
        : checkConnection(fuzzCase, reference, kernel, role, 1 + (turn % 7)));
    if (problem !== undefined) return `${kernel}: ${problem}`;
  }
  return role === 'observer' ? undefined : checkWs(fuzzCase, reference, differences);
}

/** Copies of the chunks: decoders own what they are given. */
export function chunksOf({ bytes, cuts }: FuzzCase): Uint8Array<ArrayBuffer>[] {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let from = 0;
  for (const cut of cuts) {
    chunks.push(bytes.slice(from, cut));
    from = cut;
  }
  chunks.push(bytes.slice(from));
  return chunks;
}

function checkMessages(
  fuzzCase: FuzzCase,
  reference: ReferenceResult,
  kernel: KernelName,
  mode: (typeof MODES)[number],
): string | undefined {
  const { role, options, bytes } = fuzzCase;
  // What is not validated may be no text; only its bytes can be compared.
  const textAs = options.skipUtf8Validation ? 'bytes' : (mode.textAs ?? 'string');
  const decoder = new MessageDecoder({ ...options, ...mode, textAs, role, kernel });
  const events: MessageEvent[] = [];
  for (const chunk of chunksOf(fuzzCase)) {
    const before = mode.ownsChunks === false ? chunk.slice() : undefined;
    for (const event of decoder.decode(chunk)) events.push(event);
    if (before !== undefined && !isSame(before, chunk)) return 'a chunk that is not its own was changed';
  }
  const problem = compareEvents(events, reference, options.skipUtf8Validation === true);
  if (problem !== undefined) return `messages ${JSON.stringify(mode)}: ${problem}`;
  if (decoder.position !== bytes.length) return `position ${decoder.position}`;
  const isOver = reference.failure !== undefined || reference.events.at(-1)?.type === 'close';
  if (decoder.isDone !== isOver) return `isDone ${decoder.isDone}`;
  if (isOver && decoder.bufferedLength !== 0) return `${decoder.bufferedLength} bytes held at the end`;
  return undefined;
}

function checkFrames(fuzzCase: FuzzCase, reference: ReferenceResult, kernel: KernelName): string | undefined {
  const { role, options } = fuzzCase;
  const decoder = new FrameDecoder({ ...options, role, kernel });
  let count = 0;
  let error: ProtocolError | undefined;
  for (const chunk of chunksOf(fuzzCase)) {
    const decoded = decoder.decodeFrames(chunk);
    error = decoded.error ?? error;
    for (const frame of decoded.frames) {
      const expected = reference.frames[count++];
      if (expected === undefined) return `frame ${count} is too many`;
      const { fin, opcode, headerLength, maskingKey, payload } = expected;
      if (frame.fin !== fin || frame.opcode !== opcode || frame.headerLength !== headerLength) {
        return `frame ${count}: another header`;
      }
      if (frame.rsv1 || frame.rsv2 || frame.rsv3) return `frame ${count}: a reserved bit`;
      if (frame.masked !== (maskingKey !== undefined)) return `frame ${count}: masked ${frame.masked}`;
      if (maskingKey !== undefined && !isSame(frame.maskingKey!, maskingKey)) return `frame ${count}: another key`;
      if (!isSame(frame.payload, payload)) return `frame ${count}: another payload`;
    }
  }
  if (count !== reference.frames.length) return `${count} frames, not ${reference.frames.length}`;
  return compareError(error, reference);
}

function checkConnection(
  fuzzCase: FuzzCase,
  reference: ReferenceResult,
  kernel: KernelName,
  role: 'client' | 'server',
  maxPendingPongs: number,
): string | undefined {
  const { options } = fuzzCase;
  const textAs = options.skipUtf8Validation ? 'bytes' : 'string';
  const connection = new Connection({ ...options, textAs, role, kernel, maxPendingPongs });
  const events: MessageEvent[] = [];
  for (const chunk of chunksOf(fuzzCase)) for (const event of connection.receive(chunk)) events.push(event);
  const problem = compareEvents(events, reference, options.skipUtf8Validation === true);
  if (problem !== undefined) return `connection: ${problem}`;

  // A pong for each ping up to the limit and for the last one, and at the end a Close frame with the same code, or with that of the
  // failure.
  const outgoing = connection.takeOutgoing();
  const sent = referenceDecode(outgoing, { role: role === 'server' ? 'client' : 'server' });
  connection.releaseOutgoing(outgoing);
  if (sent.failure !== undefined || sent.end !== outgoing.length) return `connection: what it sends is no frame`;
  const pings = reference.events.filter(({ type }) => type === 'ping');
  const answered = pings.filter((_, i) => i < maxPendingPongs || i === pings.length - 1);
  const expected: ReferenceEvent[] = [
    ...answered.map((event): ReferenceEvent => ({ ...event, type: 'pong' })),
    ...reference.events.filter(({ type }) => type === 'close'),
  ];
  if (reference.failure !== undefined) {
    expected.push({ type: 'close', closeCode: reference.failure.closeCode, payload: new Uint8Array(0) });
  }
  if (sent.events.length !== expected.length) return `connection: ${sent.events.length} frames sent`;
  for (const [i, event] of expected.entries()) {
    const actual = sent.events[i]!;
    if (actual.type !== event.type || actual.closeCode !== event.closeCode) return `connection: sent ${actual.type}`;
    // A reason that was not validated comes back repaired.
    const isReason = event.type === 'close' && options.skipUtf8Validation;
    if (!isReason && !isSame(actual.payload, event.payload)) return `connection: sent another ${actual.type}`;
  }
  return undefined;
}

/** Walks over the events in step with what is expected, the pieces of a message joined. */
function compareEvents(
  events: readonly MessageEvent[],
  reference: ReferenceResult,
  skipsReason: boolean,
): string | undefined {
  let count = 0;
  let pieces: Uint8Array[] = [];
  let error: ProtocolError | undefined;
  for (const event of events) {
    if (error !== undefined) return 'an event behind the error';
    if (event.type === 'error') {
      error = event.error;
      continue;
    }
    if (event.type === 'piece') {
      if (event.isFirst !== (pieces.length === 0)) return 'isFirst is wrong';
      pieces.push(event.data);
      if (!event.isLast) continue;
    }
    const expected = reference.events[count++];
    const type = event.type === 'piece' ? event.opcode : event.type === 'textBytes' ? 'text' : event.type;
    if (expected?.type !== type) return `event ${count} is ${type}, not ${expected?.type}`;
    const { payload } = expected;
    if (event.type === 'text') {
      if (event.text !== textOf(payload)) return `event ${count}: another text`;
    } else if (event.type === 'close') {
      if (event.closeCode !== expected.closeCode) return `event ${count}: close code ${event.closeCode}`;
      if (!skipsReason && event.reason !== textOf(payload)) return `event ${count}: another reason`;
    } else {
      const data =
        event.type === 'piece'
          ? Buffer.concat(pieces)
          : event.type === 'textBytes'
            ? event.bytes
            : event.type === 'binary'
              ? event.data
              : event.type === 'fragments'
                ? Buffer.concat(event.fragments)
                : event.payload;
      if (!isSame(data, payload)) return `event ${count}: another payload`;
      if (event.type === 'piece') pieces = [];
    }
  }
  if (count !== reference.events.length) return `${count} events, not ${reference.events.length}`;
  return compareError(error, reference);
}

function compareError(error: ProtocolError | undefined, { failure }: ReferenceResult): string | undefined {
  const actual = error && `${error.code} ${error.closeCode} @${error.offset}`;
  const expected = failure && `WSIMD_${failure.rule} ${failure.closeCode} @${failure.offset}`;
  return actual === expected ? undefined : `error ${actual}, not ${expected}`;
}

function checkWs(
  fuzzCase: FuzzCase,
  ours: ReferenceResult,
  differences: DifferenceCounts | undefined,
): string | undefined {
  const theirs = receiveWithWs(fuzzCase, chunksOf(fuzzCase));
  for (const [i, event] of ours.events.entries()) {
    const other = theirs.events[i];
    if (other?.type !== event.type || other.closeCode !== event.closeCode || !isSame(other.payload, event.payload)) {
      return `ws: event ${i + 1} is ${other?.type}, not ${event.type}`;
    }
  }
  if (theirs.events.length === ours.events.length && theirs.closeCode === ours.failure?.closeCode) return undefined;
  const difference = DIFFERENCES.find(({ explains }) => explains(ours, theirs, fuzzCase));
  if (difference !== undefined) {
    differences?.set(difference.name, (differences.get(difference.name) ?? 0) + 1);
    return undefined;
  }
  const { failure } = ours;
  return `ws: ${theirs.events.length} events and ${theirs.closeCode}, not ${ours.events.length} and ${failure?.rule}`;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0;
}
