// Fuzzes permessage-deflate: connections whose peer compresses well, nearly well or not at all, cut anywhere, with and without
// takeover, with limits and every window. Both kernels must agree to the letter; what zlib says of each message
// (test/support/kernels/inflating.ts) decides what must come. The receiver of `ws` must say the same but where it is known to
// differ (ws-deflate.ts). Messages that are delivered in pieces, inflated as they arrive, must come to what zlib says, too.

import { isUtf8 } from 'node:buffer';
import { constants, deflateRawSync } from 'node:zlib';
import { PerMessageDeflate } from '../../../../src/deflate/index.js';
import { parseExtensions } from '../../../../src/handshake/index.js';
import { Connection, type ConnectionOptions, type KernelName, type MessageCompression } from '../../../../src/index.js';
import { BINARY, concat, TEXT, wire } from '../../../support/frames/wire.js';
import { createRandom } from '../../../support/inputs/random.js';
import { zlibVerdict } from '../../../support/kernels/inflating.js';
import type { DifferenceCounts } from '../frames/check.js';
import type { DeflateCase, DeflateMessage } from './deflate-case.js';
import { DEFLATE_DIFFERENCES, inflateWithWs, type Parting } from './ws-deflate.js';

const KERNELS: readonly KernelName[] = ['wasm', 'portable'];
const deflates = new Map(KERNELS.map((kernel) => [kernel, new PerMessageDeflate({ kernel, poolLength: 2 ** 20 })]));
const NO_LIMIT = 2 ** 24;
/** What a connection is failed with (RFC 6455 section 7.4.1), by the error. */
const CLOSE_CODES: Readonly<Record<string, number>> = {
  MESSAGE_TOO_LONG: 1009,
  INVALID_UTF8: 1007,
  INVALID_DEFLATE: 1007,
};
const WORDS = ['window ', 'literal', 'distance', '片段', '{"id":', '},', 'é', '😀', 'aaaaaaaa', '\n', '0'];

/** The case of a seed: the same in every run. */
export function generateDeflate(seed: number): DeflateCase {
  const random = createRandom(seed);
  const below = (limit: number) => random() % limit;
  const windowBits = below(3) > 0 ? 15 : 8 + below(8);
  const takeover = below(3) > 0;
  let history: Uint8Array = new Uint8Array(0);
  const isDamaged = below(3) === 0;
  const messages = Array.from({ length: 1 + below(4) }, (): DeflateMessage => {
    const data = makeData(below);
    const isText = isUtf8(data) ? below(4) > 0 : below(4) === 0;
    const isCompressed = below(8) > 0;
    let payload = isCompressed ? compress(data, history, windowBits, below) : data;
    if (isCompressed && takeover) history = concat(history, data).slice(-(2 ** windowBits));
    if (isCompressed && isDamaged && below(2) === 0) payload = damage(payload, below);
    const cuts = Array.from({ length: below(3) === 0 ? below(4) : 0 }, () => below(payload.length + 1));
    return { isText, isCompressed, payload, cuts: cuts.sort((a, b) => a - b) };
  });
  const lengths = [0, 1, 20, 100, 1000, 65535, 65536];
  const maxMessageLength = below(6) === 0 ? lengths[below(lengths.length)]! : NO_LIMIT;
  return {
    windowBits,
    takeover,
    maxMessageLength,
    messages,
    chunkLength: [0, 0, 1 + below(9), 1 + below(1000)][below(4)]!,
  };
}

type Below = (limit: number) => number;

function makeData(below: Below): Uint8Array {
  const most = below(40) === 0 ? 80_000 : below(5) === 0 ? 3000 : 120;
  const length = below(most);
  if (below(5) === 0) return Uint8Array.from({ length }, () => below(256));
  let text = '';
  const variety = 1 + below(WORDS.length);
  while (text.length < length) text += WORDS[below(variety)]! + (below(3) === 0 ? String(below(1000)) : '');
  return Uint8Array.from(Buffer.from(text));
}

/** By zlib in any way it has, in one block or in several, some of them with BFINAL; or as any bytes. */
function compress(data: Uint8Array, history: Uint8Array, windowBits: number, below: Below): Uint8Array {
  if (below(30) === 0) return Uint8Array.from({ length: below(40) }, () => below(256));
  const options = () => ({
    level: below(10),
    strategy: below(5),
    memLevel: 1 + below(9),
    windowBits: Math.max(9, windowBits),
  });
  const parts: Uint8Array[] = [];
  let before = history;
  for (let from = 0; ; ) {
    const to = below(3) === 0 ? from + below(data.length - from + 1) : data.length;
    const part = data.subarray(from, to);
    const isLast = to === data.length;
    const isFinal = below(12) === 0;
    const flushed = deflateRawSync(part, {
      ...options(),
      finishFlush: isFinal ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      ...(before.length > 0 ? { dictionary: before } : {}),
    });
    // Behind a block with BFINAL an empty one is begun, as in RFC 7692 section 7.2.3.4.
    if (isLast) parts.push(isFinal ? concat(flushed, Uint8Array.of(0)) : flushed.subarray(0, -4));
    else parts.push(flushed);
    if (isLast) return concat(...parts);
    before = concat(before, part).slice(-(2 ** windowBits));
    from = to;
  }
}

function damage(payload: Uint8Array, below: Below): Uint8Array {
  const damaged = payload.slice();
  for (let i = 1 + below(2); i > 0 && damaged.length > 0; i--) {
    const at = below(damaged.length);
    const kind = below(4);
    if (kind === 0) damaged[at] = below(256);
    else if (kind === 1) damaged[at] = damaged[at]! ^ (1 << below(8));
    else if (kind === 2) return damaged.slice(0, at);
    else return concat(damaged.subarray(0, at), damaged.subarray(at + 1));
  }
  return damaged;
}

/** @returns what differs; undefined where all agree */
export async function checkDeflate(fuzzCase: DeflateCase, differences?: DifferenceCounts): Promise<string | undefined> {
  const stream = streamOf(fuzzCase);
  const [wasm = [], portable = []] = KERNELS.map((kernel) => receive(fuzzCase, stream, kernel));
  if (wasm.join() !== portable.join()) return `the kernels differ: ${wasm.join()} and ${portable.join()}`;
  for (const kernel of KERNELS) {
    for (const inTurns of [false, true]) {
      const problem = compareWithZlib(fuzzCase, receive(fuzzCase, stream, kernel, { deliver: 'pieces', inTurns }));
      if (problem !== undefined) return `in pieces, on ${kernel}: ${problem}`;
    }
  }
  return compareWithZlib(fuzzCase, wasm) ?? (await compareWithWs(fuzzCase, stream, wasm, differences));
}

/** Copies of the chunks: the receiver may write into them. */
function chunksOf({ chunkLength }: DeflateCase, stream: Uint8Array): Uint8Array[] {
  const step = chunkLength === 0 ? Math.max(1, stream.length) : chunkLength;
  const count = Math.ceil(stream.length / step);
  return Array.from({ length: count }, (_, i) => stream.slice(i * step, (i + 1) * step));
}

function streamOf({ messages }: DeflateCase): Uint8Array {
  return concat(
    ...messages.flatMap(({ isText, isCompressed, payload, cuts }) =>
      [...cuts, payload.length].map((to, i) => {
        const isFirst = i === 0;
        const opcode = isFirst ? (isText ? TEXT : BINARY) : 0;
        const rsv = isFirst && isCompressed ? 4 : 0;
        return wire({
          opcode,
          rsv,
          fin: i === cuts.length,
          payload: payload.subarray(cuts[i - 1] ?? 0, to),
          masked: true,
        });
      }),
    ),
  );
}

function receive(
  fuzzCase: DeflateCase,
  stream: Uint8Array,
  kernel: KernelName,
  options: Partial<ConnectionOptions> = {},
): string[] {
  const { windowBits, takeover, maxMessageLength } = fuzzCase;
  const answer = `permessage-deflate; client_max_window_bits=${windowBits}${takeover ? '' : '; client_no_context_takeover'}`;
  const deflate = deflates.get(kernel)!;
  const compression: MessageCompression = deflate.forServer(parseExtensions(answer))!;
  const connection = new Connection(
    { role: 'server', kernel, maxMessageLength, textAs: 'bytes', ...options },
    compression,
  );
  const lines: string[] = [];
  let pieces: Uint8Array[] = [];
  for (const chunk of chunksOf(fuzzCase, stream)) {
    for (const event of connection.receive(chunk)) {
      if (event.type === 'textBytes') lines.push(describe('text', event.bytes));
      else if (event.type === 'binary') lines.push(describe('binary', event.data));
      else if (event.type === 'piece') {
        pieces.push(event.data);
        if (event.isLast) lines.push(describe(event.opcode, concat(...pieces)));
        if (event.isLast) pieces = [];
      } else if (event.type === 'error') lines.push(`error ${event.error.code.slice(6)}`);
      else lines.push(event.type);
    }
  }
  const outgoing = connection.takeOutgoing();
  connection.releaseOutgoing(outgoing);
  connection.receiveEnd();
  if (deflate.poolUse.contexts !== 0) lines.push('a context is left');
  return lines;
}

/** Walks over the messages in step with what came of them. */
function compareWithZlib(
  { windowBits, takeover, maxMessageLength: limit, messages }: DeflateCase,
  lines: readonly string[],
): string | undefined {
  let history: Uint8Array = new Uint8Array(0);
  for (const [i, { isText, isCompressed, payload }] of messages.entries()) {
    const line = lines[i];
    const type = isText ? 'text' : 'binary';
    const errors: string[] = [];
    let data: Uint8Array | undefined = payload;
    if (payload.length > limit) errors.push('MESSAGE_TOO_LONG');
    if (isCompressed) {
      data = zlibVerdict(payload, history);
      // zlib follows references beyond a smaller window; what goes wrong may do so before or behind a limit or a bad text.
      if (data === undefined || windowBits < 15) errors.push('INVALID_DEFLATE');
      if (data === undefined) errors.push('MESSAGE_TOO_LONG', ...(isText ? ['INVALID_UTF8'] : []));
      else if (takeover) history = concat(history, data).slice(-(2 ** windowBits));
    }
    if (data !== undefined && data.length > limit) errors.push('MESSAGE_TOO_LONG');
    if (data !== undefined && isText && !isUtf8(data)) errors.push('INVALID_UTF8');
    const mustFail = data === undefined || payload.length > limit || data.length > limit || (isText && !isUtf8(data));
    if (!mustFail && line === describe(type, data!)) continue;
    if (errors.some((error) => line === `error ${error}`)) {
      return lines.length === i + 1 ? undefined : 'something comes behind the error';
    }
    return `message ${i}: ${line}, not ${mustFail ? `error ${errors.join(' or ')}` : describe(type, data!)}`;
  }
  return lines.length === messages.length ? undefined : `${lines.length} events of ${messages.length} messages`;
}

/** Walks over what came of the messages here and there, up to where they part. */
async function compareWithWs(
  fuzzCase: DeflateCase,
  stream: Uint8Array,
  lines: readonly string[],
  differences: DifferenceCounts | undefined,
): Promise<string | undefined> {
  const { windowBits, takeover, messages } = fuzzCase;
  const theirs = await inflateWithWs(fuzzCase, chunksOf(fuzzCase, stream));
  let history: Uint8Array = new Uint8Array(0);
  const before: { message: DeflateMessage; history: Uint8Array }[] = [];
  for (const [i, message] of messages.entries()) {
    const line = lines[i];
    const other = theirs.messages[i];
    const theirLine = other && describe(other.isText ? 'text' : 'binary', other.data);
    const ourError = line?.startsWith('error ') === true ? line.slice(6) : undefined;
    const theirCloseCode = other === undefined ? theirs.closeCode : undefined;
    if (ourError === undefined ? line !== theirLine : theirCloseCode !== CLOSE_CODES[ourError]) {
      const parting: Parting = { fuzzCase, message, history, before, ourError, theirCloseCode };
      const difference = DEFLATE_DIFFERENCES.find(({ explains }) => explains(parting));
      if (difference === undefined) return `ws: message ${i}: ${theirLine ?? theirCloseCode}, not ${line}`;
      differences?.set(difference.name, (differences.get(difference.name) ?? 0) + 1);
      return undefined;
    }
    if (ourError !== undefined) return undefined;
    before.push({ message, history });
    if (message.isCompressed && takeover) {
      history = concat(history, zlibVerdict(message.payload, history)!).slice(-(2 ** windowBits));
    }
  }
  return theirs.messages.length === messages.length ? undefined : `ws: ${theirs.messages.length} messages`;
}

function describe(type: string, data: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < data.length; i++) hash = Math.imul(hash ^ data[i]!, 0x01000193);
  return `${type} ${data.length} ${(hash >>> 0).toString(16)}`;
}

/** Cases that are smaller in one respect. */
export function smallerDeflate(fuzzCase: DeflateCase): DeflateCase[] {
  const { messages } = fuzzCase;
  const smaller: DeflateCase[] = [];
  const withMessage = (i: number, change: Partial<DeflateMessage>) =>
    smaller.push({
      ...fuzzCase,
      messages: messages.map((message, j) => (i === j ? { ...message, ...change } : message)),
    });
  if (fuzzCase.chunkLength !== 0) smaller.push({ ...fuzzCase, chunkLength: 0 });
  if (fuzzCase.maxMessageLength !== NO_LIMIT) smaller.push({ ...fuzzCase, maxMessageLength: NO_LIMIT });
  if (fuzzCase.windowBits !== 15) smaller.push({ ...fuzzCase, windowBits: 15 });
  for (const [i, { payload, cuts }] of messages.entries()) {
    if (messages.length > 1) smaller.push({ ...fuzzCase, messages: messages.filter((_, j) => j !== i) });
    if (cuts.length > 0) withMessage(i, { cuts: [] });
    for (let length = payload.length >> 1; length >= 1; length >>= 1) {
      for (let from = 0; from + length <= payload.length && smaller.length < 2000; from += length) {
        withMessage(i, { payload: concat(payload.subarray(0, from), payload.subarray(from + length)), cuts: [] });
      }
    }
  }
  return smaller;
}

export function formatDeflate(fuzzCase: DeflateCase, note: string): string {
  const messages = fuzzCase.messages.map((message) => ({
    ...message,
    payload: Buffer.from(message.payload).toString('hex'),
  }));
  return JSON.stringify({ target: 'deflate', note, ...fuzzCase, messages });
}

export function parseDeflate(line: string): DeflateCase & { readonly note: string } {
  const parsed = JSON.parse(line);
  const messages = parsed.messages.map((message: DeflateMessage & { payload: string }) => ({
    ...message,
    payload: Uint8Array.from(Buffer.from(message.payload, 'hex')),
  }));
  return { ...parsed, messages };
}
