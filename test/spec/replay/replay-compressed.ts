// Replays a vector of permessage-deflate (RFC 7692), as replay-vector.ts does those without compression: through the message
// decoder and the connection of an implementation that it is given, cut in every way. It imports no test runner, no host and
// none of src/ but types.

import type * as Compression from '../../../src/deflate/index.js';
import type * as Handshake from '../../../src/handshake/index.js';
import type * as Wsimd from '../../../src/index.js';
import { type Cut, cutInto, everyCut, someCuts } from '../../support/frames/cuts.js';
import { join } from '../../support/frames/wire.js';
import { createRandom } from '../../support/inputs/random.js';
import { readDeflate } from '../../support/oracles/read-deflate.js';
import { referenceDecode } from '../../support/oracles/reference-decoder.js';
import { EventLog, eventLine } from './event-log.js';
import type { EventLine, FrameLine, MessagesLine, TextVector } from './format.js';
import { PeerDeflater } from './peer-deflater.js';
import { bytesFor, describeBytes, headerFor } from './wire-bytes.js';

/** What is put to the test. */
export type CompressingImplementation = Pick<typeof Wsimd, 'MessageDecoder' | 'Connection'> &
  Pick<typeof Handshake, 'parseExtensions'> &
  Pick<typeof Compression, 'PerMessageDeflate'>;
type Role = Wsimd.Role & ('server' | 'client');
type Mode = Omit<Wsimd.MessageDecoderOptions, 'role'>;

const MODES: readonly Mode[] = [
  {},
  { deliver: 'pieces' },
  { textAs: 'bytes', ownsChunks: false },
  { deliver: 'pieces', textAs: 'bytes' },
];
/** What any client of ours offers here: it leaves all to the server. */
const OFFER = 'permessage-deflate; client_max_window_bits';
const POOL_LENGTH = 2 ** 20;
const TRAILER = Uint8Array.of(0, 0, 0xff, 0xff);
/** A last block, empty. */
const FINAL = Uint8Array.of(1, 0, 0, 0xff, 0xff);
/** So many bytes are read back: the reader of the reference is slow. */
const MOST_ECHOED = 9000;

interface Scene {
  readonly implementation: CompressingImplementation;
  readonly vector: TextVector;
  readonly role: Role;
  readonly kernel: Wsimd.KernelName;
  readonly deflate: Compression.PerMessageDeflate;
  readonly frames: readonly FrameLine[];
  readonly events: readonly EventLine[];
  readonly lines: readonly string[];
}

/**
 * Replays a vector for each of its roles on these kernels.
 *
 * @returns how many times a stream was decoded on each
 * @throws Error that says what differs, and in which cut
 */
export function replayCompressed(
  implementation: CompressingImplementation,
  vector: TextVector,
  kernels: readonly Wsimd.KernelName[],
): number[] {
  const counts = kernels.map(() => 0);
  for (const role of vector.roles) {
    if (role === 'observer') throw new Error(`"${vector.title}": an observer agrees on nothing`);
    const made = vector.messages.map((line) => makeMessages(line, vector.agreed!, role));
    const frames = [...vector.frames, ...made.flatMap((messages) => messages.frames)];
    const events = [...vector.events, ...made.flatMap((messages) => messages.events)];
    const { failure } = vector;
    const error = failure === undefined ? [] : [`error WSIMD_${failure.rule} ${failure.closeCode}`];
    const lines = [...events.map(eventLine), ...error];
    for (const [i, kernel] of kernels.entries()) {
      const deflate = new implementation.PerMessageDeflate({ kernel, poolLength: POOL_LENGTH, threshold: 0 });
      counts[i]! += replay({ implementation, vector, role, kernel, deflate, frames, events, lines });
    }
  }
  return counts;
}

function replay(scene: Scene): number {
  const { vector, role, frames, events, deflate, kernel } = scene;
  const { chops, failure } = vector;
  const bytes = bytesFor(frames, role);
  let count = 0;
  let turn = 0;
  const decode = (cuts: Iterable<Cut>) => {
    for (const cut of cuts) {
      replayMessages(scene, cut, MODES[turn++ % MODES.length]!);
      replayConnection(scene, cut);
      count += 2;
    }
  };
  if (chops !== undefined) {
    decode(chops.map((n) => ({ name: `chops of ${n}`, chunks: n === 0 ? [bytes] : cutInto(bytes, n) })));
  } else {
    decode(everyCut(bytes));
  }
  if (failure !== undefined || events.at(-1)?.type === 'close') {
    const junk = Uint8Array.of(0xc1, 0x85, 0, 0, 0, 0, 0xff, 0, 0x70, 0xc3, 0x28);
    decode(someCuts(join([bytes, bytesFor(vector.behind, role), junk]), [bytes.length, bytes.length + 1]));
  }
  if (failure !== undefined) {
    checkWhenKnown(scene, bytes);
    count++;
  }
  if (vector.messages.length > 0) {
    checkEcho(scene, bytes);
    count++;
  }
  if (deflate.kernelName !== kernel) throw new Error(`${deflate.kernelName} compressed, not ${kernel}`);
  if (deflate.poolUse.contexts !== 0)
    throw new Error(`"${vector.title}": ${deflate.poolUse.contexts} contexts are left`);
  return count;
}

function open({ implementation, vector, role, deflate }: Scene): Wsimd.MessageCompression {
  const answer = implementation.parseExtensions(vector.agreed!);
  const compression =
    role === 'server' ? deflate.forServer(answer) : deflate.forClient(answer, implementation.parseExtensions(OFFER));
  if (compression === undefined) throw new Error(`"${vector.title}": ${vector.agreed} was not agreed on`);
  return compression;
}

function replayMessages(scene: Scene, cut: Cut, mode: Mode): void {
  const { implementation, vector, role, kernel, lines } = scene;
  const compression = open(scene);
  const decoder = new implementation.MessageDecoder({ ...vector.options, role, kernel, ...mode }, compression);
  const log = new EventLog();
  for (const chunk of cut.chunks) for (const event of decoder.decode(chunk.slice())) log.add(event);
  compression.release();
  same(scene, cut, `message decoder ${JSON.stringify(mode)}`, log.lines.map(withoutOffset), lines);
  const isOver = /^(error|close)/.test(lines.at(-1) ?? '');
  same(scene, cut, 'isDone', [String(decoder.isDone)], [String(isOver)]);
  if (isOver) same(scene, cut, 'bufferedLength', [String(decoder.bufferedLength)], ['0']);
}

function replayConnection(scene: Scene, cut: Cut): void {
  const { implementation, vector, role, kernel, lines } = scene;
  const compression = open(scene);
  const connection = new implementation.Connection({ ...vector.options, role, kernel }, compression);
  const log = new EventLog();
  for (const chunk of cut.chunks) for (const event of connection.receive(chunk.slice())) log.add(event);
  const sent = connection.takeOutgoing();
  const read = referenceDecode(sent, { role: role === 'server' ? 'client' : 'server' });
  const sentLines = read.frames.map(({ opcode, payload }) => `${opcode} ${describeBytes(payload)}`);
  connection.releaseOutgoing(sent);
  connection.receiveEnd();
  same(scene, cut, 'connection', log.lines.map(withoutOffset), lines);
  const out = vector.out.map(({ opcode, payload }) => `${opcode} ${describeBytes(payload)}`);
  same(scene, cut, 'connection, what it sends', sentLines, out);
}

/** The error is there with the byte that makes it certain, and not a byte before. */
function checkWhenKnown(scene: Scene, bytes: Uint8Array): void {
  const { implementation, vector, role, kernel, frames } = scene;
  const { known } = vector.failure!;
  const head = headerFor(frames.at(-1)!, role).length;
  const start = bytesFor(frames.slice(0, -1), role).length;
  const needed = start + (known === 'opening' ? 2 : known === 'header' ? head : head + known);
  const cut: Cut = { name: `the first ${needed} bytes`, chunks: [] };
  const compression = open(scene);
  const decoder = new implementation.MessageDecoder({ ...vector.options, role, kernel }, compression);
  decoder.decode(bytes.slice(0, needed - 1));
  same(scene, cut, 'known a byte before', [String(decoder.isDone)], ['false']);
  decoder.decode(bytes.slice(needed - 1, needed));
  same(scene, cut, 'known', [String(decoder.isDone)], ['true']);
  compression.release();
}

/** What comes is sent back, and what is sent back must inflate, within the window that was agreed on, to what came. */
function checkEcho(scene: Scene, bytes: Uint8Array): void {
  const { implementation, vector, role, kernel, events } = scene;
  const connection = new implementation.Connection({ ...vector.options, role, kernel }, open(scene));
  const { windowBits, takeover } = parametersOf(vector.agreed!, role);
  let history = new Uint8Array(0);
  const lines: string[] = [];
  let echoed = 0;
  for (const event of connection.receive(bytes.slice())) {
    echoed += events[lines.length]?.payload.length ?? 0;
    if (echoed > MOST_ECHOED) break;
    if (event.type === 'text') connection.sendText(event.text);
    else if (event.type === 'binary') connection.sendBinary(event.data);
    else continue;
    const sent = connection.takeOutgoing();
    const isCompressed = (sent[0]! & 0x40) !== 0;
    const type = (sent[0]! & 15) === 1 ? 'text' : 'binary';
    // The reference reads no compressed frame: as a binary one it is well.
    if (isCompressed) sent[0] = 0x82;
    const [frame] = referenceDecode(sent, { role: role === 'server' ? 'client' : 'server' }).frames;
    let data = frame!.payload.slice();
    if (isCompressed) {
      data = Uint8Array.from(readDeflate(join([data, TRAILER, FINAL]), 2 ** windowBits, history).bytes);
      if (takeover) history = join([history, data]).slice(-(2 ** windowBits));
    }
    lines.push(`${type} ${describeBytes(data)}`);
    connection.releaseOutgoing(sent);
  }
  connection.receiveEnd();
  const expected = events.slice(0, lines.length).map(eventLine);
  same(scene, { name: 'whole', chunks: [] }, 'what is sent back', lines, expected);
}

/** What was agreed on for what this role sends. */
function parametersOf(agreed: string, role: Role): { windowBits: number; takeover: boolean } {
  const bits = new RegExp(`${role}_max_window_bits=([0-9]+)`).exec(agreed)?.[1];
  return { windowBits: Number(bits ?? 15), takeover: !agreed.includes(`${role}_no_context_takeover`) };
}

/** Of the role before: mostly both are sent the same. */
let lastMade: { key: string; messages: Messages } | undefined;

interface Messages {
  readonly frames: FrameLine[];
  readonly events: EventLine[];
}

/** Messages as the peer of this role sends them, one behind the other in its data. */
function makeMessages(line: MessagesLine, agreed: string, role: Role): Messages {
  const { windowBits, takeover } = parametersOf(agreed, role === 'server' ? 'client' : 'server');
  const key = JSON.stringify([line, windowBits, takeover]);
  const kept = lastMade?.key === key ? lastMade.messages : undefined;
  if (kept !== undefined) return kept;
  const deflater = new PeerDeflater(windowBits, takeover);
  const data = dataOf(line.of);
  const frames: FrameLine[] = [];
  const events: EventLine[] = [];
  for (let i = 0, from = 0; i < line.times; i++, from = (from + line.length) % (data.length - line.length + 1)) {
    const message = data.slice(from, from + line.length);
    events.push({ type: line.type, closeCode: undefined, payload: message });
    const deflated = deflater.deflate(message);
    const by = line.by === 0 ? deflated.length : line.by;
    for (let at = 0; at < deflated.length; at += by) {
      frames.push({
        opcode: at > 0 ? 0 : line.type === 'text' ? 1 : 2,
        payload: deflated.slice(at, at + by),
        fin: at + by >= deflated.length,
        rsv: at === 0 ? 4 : 0,
        wrongMask: false,
        lengthBits: undefined,
        claims: undefined,
        maskingKey: undefined,
      });
    }
  }
  lastMade = { key, messages: { frames, events } };
  return lastMade.messages;
}

const DATA_LENGTH = 2 ** 18;
const dataSets = new Map<string, Uint8Array>();

/** Data of a kind, the same in every run. */
function dataOf(kind: MessagesLine['of']): Uint8Array {
  let data = dataSets.get(kind);
  if (data === undefined) {
    const random = createRandom(kind.length);
    data = new Uint8Array(DATA_LENGTH);
    if (kind === 'noise') for (let i = 0; i < data.length; i++) data[i] = random();
    else if (kind === 'image') for (let i = 0; i < data.length; i++) data[i] = (i >> 5) + (random() % 3);
    else fillWithText(data, kind, random);
    dataSets.set(kind, data);
  }
  return data;
}

function fillWithText(data: Uint8Array, kind: 'json' | 'html' | 'prose', random: () => number): void {
  const words = ['window', 'literal', 'distance', 'of', 'the', 'a', 'Huffman', 'block', 'message', 'and', 'frame'];
  const word = () => words[random() % words.length]!;
  const line =
    kind === 'json'
      ? () => `{"id":${random() % 10_000},"name":"${word()}","tags":["${word()}","${word()}"]},\n`
      : kind === 'html'
        ? () => `<li class="${word()}"><a href="/${word()}/${random() % 100}">${word()} ${word()}</a></li>\n`
        : () => `${word()} ${word()} ${word()}, `;
  for (let at = 0; at < data.length; ) at += new TextEncoder().encodeInto(line(), data.subarray(at)).written || 1;
}

function withoutOffset(line: string): string {
  return line.replace(/ @.*$/, '');
}

function same(scene: Scene, cut: Cut, what: string, actual: readonly string[], expected: readonly string[]): void {
  if (actual.length === expected.length && actual.every((line, i) => line === expected[i])) return;
  const { vector, role, kernel } = scene;
  throw new Error(
    `${vector.section} "${vector.title}" (${role}, ${kernel}), ${cut.name}: ${what}\n` +
      `  expected:\n    ${expected.join('\n    ')}\n  actual:\n    ${actual.join('\n    ')}`,
  );
}
