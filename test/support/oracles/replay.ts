// Replays a stream into every decoder that reads it, cut in every way, and compares what comes out: as text, one line an
// event, so that the outcome is the same for every cut and every way to take it. Holds no rule of the RFC: what is right
// stands in the vectors.

import { expect } from 'vitest';
import type { DecoderOptions } from '../../../src/frames/chunk-decoder.js';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import type { KernelName } from '../../../src/kernel/kernel.js';
import { collectInto, type MessageEvent } from '../../../src/messages/handler.js';
import { MessageDecoder, type MessageDecoderOptions } from '../../../src/messages/receive/message-decoder.js';
import { type ErrorCode, ProtocolError } from '../../../src/protocol/errors.js';
import { type Cut, cutInto, everyCut, someCuts } from '../frames/cuts.js';
import { bytesOf, concat, firstByteOf, hex, MASKING_KEY, Peer, stream, type WireFrame, wire } from '../frames/wire.js';

export const KERNEL_NAMES: readonly KernelName[] = ['wasm', 'portable'];

/** A stream, and all that is to come of it. */
export interface Vector {
  readonly name: string;
  readonly role: DecoderOptions['role'];
  /** Limits and the like; with `allowRsv1`, which is for callers that join frames themselves, only the frame decoder is asked. */
  readonly options?: Omit<DecoderOptions, 'role' | 'kernel'>;
  /** The frames; the last of them is the one at fault where there is an error. */
  readonly frames: readonly WireFrame[];
  /** Events as `describeEvents` writes them, without the error. */
  readonly events: readonly string[];
  /** Its offset is counted from the stream's first byte. */
  readonly error?: ExpectedError;
  /** The last frame's payload is shorter than it claims. */
  readonly isCut?: boolean;
}

export interface ExpectedError {
  readonly code: ErrorCode;
  readonly closeCode: number;
  readonly offset: number;
  /** How many bytes of the stream must be there for the fault to be known; with them it must be reported. */
  readonly knownAfter: number;
}

export function describeError({
  code,
  closeCode,
  offset,
}: Pick<ProtocolError, 'code' | 'closeCode' | 'offset'>): string {
  return `error ${code} ${closeCode} @${offset}`;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * One line an event. Pieces are joined: a message that came in pieces is described as if it had come whole, where its last
 * piece came; what never came to its end is left out, as it is in whole messages.
 */
export function describeEvents(events: readonly MessageEvent[]): string[] {
  const lines: string[] = [];
  let pieces: Uint8Array[] | undefined;
  for (const event of events) {
    switch (event.type) {
      case 'text':
        lines.push(`text ${JSON.stringify(event.text)}`);
        break;
      case 'textBytes':
        lines.push(`text ${JSON.stringify(strictUtf8.decode(event.bytes))}`);
        break;
      case 'binary':
        lines.push(`binary ${hex(event.data)}`);
        break;
      case 'piece': {
        if (event.isFirst !== (pieces === undefined)) throw new Error('isFirst is wrong');
        pieces ??= [];
        pieces.push(event.data);
        if (!event.isLast) break;
        const whole = concat(...pieces);
        pieces = undefined;
        lines.push(
          event.opcode === 'text' ? `text ${JSON.stringify(strictUtf8.decode(whole))}` : `binary ${hex(whole)}`,
        );
        break;
      }
      case 'ping':
      case 'pong':
        lines.push(`${event.type} ${hex(event.payload)}`);
        break;
      case 'close':
        lines.push(`close ${event.closeCode} ${JSON.stringify(event.reason)}`);
        break;
      case 'error':
        lines.push(describeError(event.error));
    }
  }
  return lines;
}

/** One line a frame, its pieces joined; a frame that never came to its end is left out. */
export class FrameLog {
  readonly lines: string[] = [];
  #open = '';
  #openLength = 0;

  /** Walks over all that the decoder has, and checks that the cursor agrees with itself. */
  take(decoder: FrameDecoder): void {
    while (decoder.next()) {
      const piece = decoder.view();
      if (decoder.isStart) {
        const bits = [decoder.fin, decoder.rsv1, decoder.rsv2, decoder.rsv3].map(Number).join('');
        const key = decoder.maskingKey === undefined ? 'unmasked' : hex(decoder.maskingKey);
        this.#open = `${bits} ${decoder.opcode} ${key} ${decoder.headerLength}+${decoder.payloadLength} `;
        this.#openLength = 0;
      } else if (decoder.headerLength !== 0) {
        throw new Error('a header length inside a frame');
      }
      if (decoder.pieceOffset !== this.#openLength) throw new Error('pieceOffset is wrong');
      if (decoder.length !== piece.length) throw new Error('length is wrong');
      if (decoder.masked !== (decoder.maskingKey !== undefined)) throw new Error('masked is wrong');
      this.#open += hex(piece);
      this.#openLength += piece.length;
      if (decoder.isEnd !== (this.#openLength === decoder.payloadLength)) throw new Error('isEnd is wrong');
      if (decoder.isEnd) this.lines.push(this.#open);
    }
  }
}

/** The line that a frame makes in a `FrameLog`. */
export function describeFrame(frame: WireFrame): string {
  const first = firstByteOf(frame).toString(2).padStart(8, '0');
  const payload = bytesOf(frame.payload ?? '');
  const key = frame.masked ? hex(bytesOf(frame.maskingKey ?? MASKING_KEY)) : 'unmasked';
  const headerLength = wire(frame).length - payload.length;
  return `${first.slice(0, 4)} ${frame.opcode} ${key} ${headerLength}+${payload.length} ${hex(payload)}`;
}

/** A way to take messages. */
interface Mode extends Omit<MessageDecoderOptions, 'role'> {
  /** The bytes are put into the arena, and decoded where they lie. */
  readonly inArena?: boolean;
}

/** The ways to take messages beside the default, which must all come to the same. */
const MODES: readonly Mode[] = [
  { ownsChunks: false },
  { deliver: 'pieces' },
  { deliver: 'pieces', ownsChunks: false, textAs: 'bytes' },
  { textAs: 'bytes' },
  { inArena: true },
  { inArena: true, textAs: 'bytes' },
  { inArena: true, deliver: 'pieces', ownsChunks: false },
];

const BEHIND = 'behind';

/**
 * Replays a vector and asserts its outcome: alone in every cut; and in some cuts with frames before it, and with bytes
 * behind it.
 */
export function replay(vector: Vector, kernel: KernelName): void {
  const { role, options, error } = vector;
  const bytes = stream(...vector.frames);
  replayCuts(vector, kernel, everyCut(bytes), bytes.length);
  if (error !== undefined) failsAtOnce(vector, error, kernel, bytes);

  const peer = new Peer(role);
  const ping = peer.ping(BEHIND);
  const border = bytes.length;
  if (isOver(vector)) {
    // Nothing that stands behind an error or a Close frame counts: neither a good frame, nor one that would be a fault itself.
    const behind = concat(stream(ping, peer.text('x'), peer.close(1000)), Uint8Array.of(0xff, 0, 0x70, 0xc3, 0x28));
    const longer = { ...vector, name: `${vector.name}, before other bytes` };
    replayCuts(
      longer,
      kernel,
      someCuts(concat(bytes, behind), [border - 1, border, border + 1]),
      border + behind.length,
    );
  } else if (!vector.isCut) {
    const name = `${vector.name}, before a ping`;
    const events = [...vector.events, `ping ${hex(bytesOf(BEHIND))}`];
    const longer = { ...vector, name, frames: [...vector.frames, ping], events };
    const all = stream(...longer.frames);
    replayCuts(longer, kernel, someCuts(all, [border, border + 1]), all.length);
  }

  if (options?.maxFrameLength === undefined && options?.maxMessageLength === undefined) {
    const before = [peer.text('before'), peer.ping('p')];
    const start = stream(...before).length;
    const longer: Vector = {
      ...vector,
      name: `${vector.name}, behind other frames`,
      frames: [...before, ...vector.frames],
      events: ['text "before"', `ping ${hex(bytesOf('p'))}`, ...vector.events],
      ...(error && { error: { ...error, offset: error.offset + start, knownAfter: error.knownAfter + start } }),
    };
    const all = stream(...longer.frames);
    replayCuts(longer, kernel, someCuts(all, [start, start + 1]), all.length);
  }
}

/** Nothing comes after it. */
function isOver({ error, events }: Vector): boolean {
  return error !== undefined || events.some((line) => line.startsWith('close'));
}

function replayCuts(vector: Vector, kernel: KernelName, cuts: Iterable<Cut>, length: number): void {
  const { error, frames, events } = vector;
  const frameLines = (error === undefined && !vector.isCut ? frames : frames.slice(0, -1)).map(describeFrame);
  const lines = error === undefined ? events : [...events, describeError(error)];
  let turn = 0;
  for (const cut of cuts) {
    const label = `${vector.name} (${vector.role}, ${kernel}), ${cut.name}`;
    if (!vector.options?.allowRsv1) {
      // The other ways by turns: all of them would take minutes.
      replayMessages(vector, kernel, cut.chunks, lines, length, label, {});
      replayMessages(vector, kernel, cut.chunks, lines, length, label, MODES[turn++ % MODES.length]!);
    }
    replayFrames(vector, kernel, cut.chunks, frameLines, label);
  }
}

function replayMessages(
  vector: Vector,
  kernel: KernelName,
  chunks: readonly Uint8Array[],
  lines: readonly string[],
  length: number,
  label: string,
  { inArena = false, ...mode }: Mode,
): void {
  const decoder = new MessageDecoder({ ...vector.options, role: vector.role, kernel, ...mode });
  const seen: MessageEvent[] = [];
  for (const chunk of chunks) {
    if (inArena) {
      withoutStacks(() => receiveInArena(decoder, chunk, seen));
      continue;
    }
    // The decoder owns what it is given, and the vector is used again.
    const own = chunk.slice();
    seen.push(...withoutStacks(() => decoder.decode(own)));
    if (mode.ownsChunks === false) same([hex(own)], [hex(chunk)], `${label}: the chunk is as it was`);
  }
  same(describeEvents(seen), lines, `${label} ${JSON.stringify({ inArena, ...mode })}`);
  const over = isOver(vector);
  if (decoder.isDone !== over) expect(decoder.isDone, label).toBe(over);
  if (over && decoder.bufferedLength !== 0) expect(decoder.bufferedLength, label).toBe(0);
  if (decoder.position !== length) expect(decoder.position, label).toBe(length);
  if (decoder.kernelName !== kernel) expect(decoder.kernelName).toBe(kernel);
}

/** As a transport does it that reads straight into the arena. Afterwards nothing of it is left there. */
function receiveInArena(decoder: MessageDecoder, chunk: Uint8Array, seen: MessageEvent[]): void {
  const { receiveBuffer } = decoder;
  for (const part of cutInto(chunk, receiveBuffer.length)) {
    receiveBuffer.set(part);
    decoder.dispatchReceived(part.length, collectInto(seen));
    receiveBuffer.fill(0xa5, 0, part.length);
  }
}

function replayFrames(
  { role, options, error }: Vector,
  kernel: KernelName,
  chunks: readonly Uint8Array[],
  frameLines: readonly string[],
  label: string,
): void {
  const decoder = new FrameDecoder({ ...options, role, kernel });
  const log = new FrameLog();
  let thrown: unknown;
  for (const chunk of chunks) {
    decoder.push(chunk);
    try {
      withoutStacks(() => log.take(decoder));
      if (thrown !== undefined) expect.unreachable(`${label}: the error is thrown again for each further chunk`);
    } catch (caught) {
      if (!(caught instanceof ProtocolError)) throw caught;
      if (thrown !== undefined && thrown !== caught) expect.unreachable(`${label}: another error`);
      thrown = caught;
    }
  }
  same(log.lines, frameLines, `${label}, frames`);
  const outcome = thrown instanceof ProtocolError ? [describeError(thrown)] : [];
  same(outcome, error === undefined ? [] : [describeError(error)], `${label}, frames: the error`);
  if (decoder.kernelName !== kernel) expect(decoder.kernelName).toBe(kernel);
}

/** The error is there with the byte that makes it certain, and not a byte before. */
function failsAtOnce(
  { name, role, options }: Vector,
  error: ExpectedError,
  kernel: KernelName,
  bytes: Uint8Array,
): void {
  const decoder = new FrameDecoder({ ...options, role, kernel });
  decoder.push(bytes.subarray(0, error.knownAfter - 1));
  while (decoder.next());
  expect(decoder.isDone, `${name} (${role}, ${kernel}): known too early`).toBe(false);
  decoder.push(bytes.subarray(error.knownAfter - 1, error.knownAfter));
  expect(() => {
    while (decoder.next());
  }, `${name} (${role}, ${kernel}): known after ${error.knownAfter} bytes`).toThrow(ProtocolError);
}

/** Tens of thousands of errors are made here, and their stacks cost more than all else. */
export function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** `expect` only where it will fail: it costs more than a replay. */
function same(actual: readonly string[], expected: readonly string[], label: string): void {
  if (actual.length === expected.length && actual.every((line, i) => line === expected[i])) return;
  expect(actual, label).toEqual(expected);
}
