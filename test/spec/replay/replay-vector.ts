// Replays a vector through the decoders and the connection of an implementation that it is given, cut in every way, and
// throws where the outcome differs. Holds no rule of the RFC: what is right stands in the vectors. It imports no test
// runner, no host and none of src/ but types, so that it runs wherever the implementation does.

import type * as Wsimd from '../../../src/index.js';
import { type Cut, cutInto, everyCut, someCuts } from '../../support/frames/cuts.js';
import { join } from '../../support/frames/wire.js';
import { referenceDecode } from '../../support/oracles/reference-decoder.js';
import { describeError, EventLog, eventLine } from './event-log.js';
import type { FailureLine, FrameLine, TextVector, VectorRole } from './format.js';
import { bytesFor, describeBytes, describeFrame, frameLine, headerFor } from './wire-bytes.js';

/** What is put to the test. */
export type Implementation = Pick<typeof Wsimd, 'FrameDecoder' | 'MessageDecoder' | 'Connection' | 'ProtocolError'>;
type KernelName = Wsimd.KernelName;
type Mode = Omit<Wsimd.MessageDecoderOptions, 'role'>;

/** The ways to take messages, which must all come to the same; the first of them in every cut, the others by turns. */
const MODES: readonly [Mode, ...Mode[]] = [
  {},
  { ownsChunks: false },
  { deliver: 'pieces' },
  { deliver: 'pieces', ownsChunks: false, textAs: 'bytes' },
  { textAs: 'bytes' },
];

/** From here on a stream is long. */
const MANY_CHUNKS = 5000;
const MANY_FRAMES = 5000;

/** A vector for one role, made ready. */
interface Scene {
  readonly implementation: Implementation;
  readonly vector: TextVector;
  readonly role: VectorRole;
  readonly kernel: KernelName;
  readonly options: TextVector['options'];
  /** The outcome: of the frame decoder, of the message decoder, and what the connection sends. */
  readonly frameLines: readonly string[];
  readonly lines: readonly string[];
  readonly out: readonly string[];
  readonly error: string | undefined;
}

/**
 * Replays a vector for each of its roles on these kernels.
 *
 * @returns how many times a stream was decoded on each
 * @throws Error that says what differs, and in which cut
 */
export function replayVector(
  implementation: Implementation,
  vector: TextVector,
  kernels: readonly KernelName[],
): number[] {
  const counts = kernels.map(() => 0);
  for (const role of vector.roles) {
    const replay = prepare(implementation, vector, role);
    for (const [i, kernel] of kernels.entries()) counts[i]! += replay(kernel);
  }
  return counts;
}

/** Streams and outcomes for a role are made once; what comes back replays them on a kernel. */
function prepare(implementation: Implementation, vector: TextVector, role: VectorRole): (kernel: KernelName) => number {
  const { frames, chops, failure, events, options } = vector;
  const bytes = bytesFor(frames, role);
  const scene = makeScene(implementation, vector, role, frames, []);
  if (chops !== undefined) {
    const cuts = chops.map((length) => chop(bytes, length));
    return (kernel) => replayCuts({ ...scene, kernel }, cuts);
  }

  const replays: ((kernel: KernelName) => number)[] = [(kernel) => replayCuts({ ...scene, kernel }, everyCut(bytes))];
  if (failure !== undefined) replays.push((kernel) => checkWhenKnown({ ...scene, kernel }, failure, bytes));
  if (failure !== undefined || events.at(-1)?.type === 'close') {
    // Nothing that stands behind an error or a Close frame counts, whatever it is.
    const junk = Uint8Array.of(0x81, 0x85, 0, 0, 0, 0, 0xff, 0, 0x70, 0xc3, 0x28);
    const behind = join([bytes, bytesFor(vector.behind, role), junk]);
    const border = bytes.length;
    replays.push((kernel) => replayCuts({ ...scene, kernel }, someCuts(behind, [border - 1, border, border + 1])));
  }
  if (options.maxFrameLength === undefined && options.maxMessageLength === undefined) {
    const before: FrameLine[] = [plainFrame(1, 'before'), plainFrame(9, 'p')];
    const start = bytesFor(before, role).length;
    const longer = makeScene(implementation, vector, role, [...before, ...frames], before);
    const all = bytesFor([...before, ...frames], role);
    replays.push((kernel) => replayCuts({ ...longer, kernel }, someCuts(all, [start, start + 1])));
  }
  return (kernel) => replays.reduce((sum, replay) => sum + replay(kernel), 0);
}

function makeScene(
  implementation: Implementation,
  vector: TextVector,
  role: VectorRole,
  frames: readonly FrameLine[],
  before: readonly FrameLine[],
): Omit<Scene, 'kernel'> {
  const { failure, events, options, closing } = vector;
  const ends = (frame: FrameLine) => frame.claims === undefined && frame.opcode !== undefined;
  const whole = failure === undefined ? frames.filter(ends) : frames.slice(0, -1);
  const head = failure && headerFor(frames.at(-1)!, role);
  const start = failure && bytesFor(frames.slice(0, -1), role).length;
  const offset = failure && start! + failure.at.offset + (failure.at.part === 'payload' ? head!.length : 0);
  const error = failure && `error WSIMD_${failure.rule} ${failure.closeCode} @${offset}`;
  const beforeLines = before.map(
    ({ opcode, payload }) => `${opcode === 1 ? 'text' : 'ping'} ${describeBytes(payload)}`,
  );
  const beforeOut = closing === undefined ? before.filter(({ opcode }) => opcode === 9).map(pongFor) : [];
  const out = [...beforeOut, ...vector.out].map((frame) => `${frame.opcode} ${describeBytes(frame.payload)}`);
  return {
    implementation,
    vector,
    role,
    options,
    frameLines: whole.map((frame) => frameLine(frame, role)),
    lines: [...beforeLines, ...events.map(eventLine), ...(error === undefined ? [] : [error])],
    out,
    error,
  };
}

function replayCuts(scene: Scene, cuts: Iterable<Cut>): number {
  let turn = 0;
  let count = 0;
  for (const cut of cuts) {
    // Of the long ones each way is taken in some cuts: they would take minutes.
    const isLong = cut.chunks.length > MANY_CHUNKS || scene.frameLines.length > MANY_FRAMES;
    replayMessages(scene, cut, isLong ? MODES[turn % MODES.length]! : MODES[0]);
    count++;
    if (!isLong) {
      replayMessages(scene, cut, MODES[1 + (turn % (MODES.length - 1))]!);
      replayFrames(scene, cut);
      count += 2;
    }
    turn++;
    if (scene.role === 'observer') continue;
    replayConnection(scene, scene.role, cut);
    count++;
  }
  return count;
}

function replayMessages(scene: Scene, cut: Cut, mode: Mode): void {
  const { implementation, role, kernel, options, lines } = scene;
  const decoder = new implementation.MessageDecoder({ ...options, role, kernel, ...mode });
  const log = new EventLog();
  // The decoder owns what it is given, and the vector is used again.
  for (const chunk of cut.chunks)
    for (const event of withoutStacks(() => decoder.decode(chunk.slice()))) log.add(event);
  const label = `message decoder ${JSON.stringify(mode)}`;
  same(scene, cut, label, log.lines, lines);
  const isOver = /^(error|close)/.test(lines.at(-1) ?? '');
  same(scene, cut, `${label} isDone`, [String(decoder.isDone)], [String(isOver)]);
  if (isOver) same(scene, cut, `${label} bufferedLength`, [String(decoder.bufferedLength)], ['0']);
  const length = cut.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  same(scene, cut, `${label} position`, [String(decoder.position)], [String(length)]);
  same(scene, cut, `${label} kernel`, [decoder.kernelName], [kernel]);
}

function replayFrames(scene: Scene, cut: Cut): void {
  const { implementation, role, kernel, options, frameLines } = scene;
  const decoder = new implementation.FrameDecoder({ ...options, role, kernel });
  const lines: string[] = [];
  let error: string | undefined;
  let pieces: Uint8Array[] = [];
  let head: Parameters<typeof describeFrame> | undefined;
  for (const chunk of cut.chunks) {
    decoder.push(chunk);
    try {
      while (withoutStacks(() => decoder.next())) {
        if (decoder.isStart) {
          const { fin, rsv1, rsv2, rsv3, opcode, maskingKey, headerLength, payloadLength } = decoder;
          const first = (fin ? 128 : 0) | (rsv1 ? 64 : 0) | (rsv2 ? 32 : 0) | (rsv3 ? 16 : 0) | opcode;
          head = [first, maskingKey, headerLength, payloadLength, chunk];
          pieces = [];
        }
        pieces.push(decoder.payload());
        if (!decoder.isEnd || head === undefined) continue;
        const [first, key, headerLength, payloadLength] = head;
        lines.push(describeFrame(first, key, headerLength, payloadLength, join(pieces)));
      }
    } catch (caught) {
      if (!(caught instanceof implementation.ProtocolError)) throw caught;
      error = describeError(caught);
    }
  }
  same(scene, cut, 'frame decoder', lines, frameLines);
  same(scene, cut, 'frame decoder, error', [String(error)], [String(scene.error)]);
}

function replayConnection(scene: Scene, role: 'client' | 'server', cut: Cut): void {
  const { implementation, vector, kernel, options, lines, out } = scene;
  const connection = new implementation.Connection({ ...options, role, kernel });
  const log = new EventLog();
  const sent: Uint8Array[] = [];
  const { closing } = vector;
  if (closing !== undefined) {
    const reason = new TextDecoder().decode(closing.payload);
    connection.close(closing.closeCode === 1005 ? undefined : closing.closeCode, reason);
  }
  for (const chunk of cut.chunks) {
    for (const event of withoutStacks(() => connection.receive(chunk.slice()))) log.add(event);
    if (connection.outgoingLength > 0) takeOutgoing(connection, sent);
  }
  takeOutgoing(connection, sent);
  same(scene, cut, 'connection', log.lines, lines);

  // What it sends must itself be right for the other end.
  const wire = join(sent);
  const read = referenceDecode(wire, { role: role === 'server' ? 'client' : 'server', maxMessageLength: 2 ** 40 });
  const sentLines = read.frames.map(({ opcode, payload }) => `${opcode} ${describeBytes(payload)}`);
  same(scene, cut, 'connection, what it sends', sentLines, out);
  same(scene, cut, 'connection, all that it sends is frames', [String(read.end)], [String(wire.length)]);

  const isOver = /^(error|close)/.test(lines.at(-1) ?? '');
  const state = isOver ? 'closed' : closing === undefined ? 'open' : 'closing';
  same(scene, cut, 'connection, state', [connection.state], [state]);
  const lost = withoutStacks(() => connection.receiveEnd())?.code ?? 'clean';
  same(scene, cut, 'connection, end', [lost], [isOver ? 'clean' : 'WSIMD_CONNECTION_LOST']);
}

/** The memory is given back at once: it is 128 KiB, and thousands of connections are made here. */
function takeOutgoing(connection: Wsimd.Connection, sent: Uint8Array[]): void {
  const bytes = connection.takeOutgoing();
  sent.push(bytes.slice());
  connection.releaseOutgoing(bytes);
}

/** The error is there with the byte that makes it certain, and not a byte before. */
function checkWhenKnown(scene: Scene, { known }: FailureLine, bytes: Uint8Array): number {
  const { implementation, vector, role, kernel, options } = scene;
  const head = headerFor(vector.frames.at(-1)!, role).length;
  const start = bytesFor(vector.frames.slice(0, -1), role).length;
  const needed = start + (known === 'opening' ? 2 : known === 'header' ? head : head + known);
  const decoder = new implementation.MessageDecoder({ ...options, role, kernel });
  const cut: Cut = { name: `the first ${needed} bytes`, chunks: [] };
  withoutStacks(() => decoder.decode(bytes.slice(0, needed - 1)));
  same(scene, cut, 'known a byte before', [String(decoder.isDone)], ['false']);
  withoutStacks(() => decoder.decode(bytes.slice(needed - 1, needed)));
  same(scene, cut, 'known', [String(decoder.isDone)], ['true']);
  return 1;
}

function pongFor(ping: FrameLine): FrameLine {
  return { ...ping, opcode: 10 };
}

function plainFrame(opcode: number, text: string): FrameLine {
  const payload = new TextEncoder().encode(text);
  const rest = { lengthBits: undefined, claims: undefined, maskingKey: undefined };
  return { opcode, payload, fin: true, rsv: 0, wrongMask: false, ...rest };
}

function chop(bytes: Uint8Array, length: number): Cut {
  return length === 0
    ? { name: 'whole', chunks: [bytes] }
    : { name: `chops of ${length}`, chunks: cutInto(bytes, length) };
}

function same(scene: Scene, cut: Cut, what: string, actual: readonly string[], expected: readonly string[]): void {
  if (actual.length === expected.length && actual.every((line, i) => line === expected[i])) return;
  const { vector, role, kernel } = scene;
  throw new Error(
    `${vector.section} "${vector.title}" (${role}, ${kernel}), ${cut.name}: ${what}\n` +
      `  expected:\n    ${expected.join('\n    ')}\n  actual:\n    ${actual.join('\n    ')}`,
  );
}

/** Tens of thousands of errors are made here, and their stacks cost more than all else. */
function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
