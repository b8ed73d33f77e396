// What the codec is measured by: what is demanded of it, and the bars that each demand sets on figures. It must not know how the
// figures are found out; judge.ts says which are met. Servers have targets of their own, in bench/cases/life.

/** One row of the table. */
export interface Demand {
  readonly id: DemandId;
  readonly title: string;
  readonly wanted: string;
}

export type DemandId =
  | 'cursor'
  | 'native'
  | 'text'
  | 'delivered'
  | 'single'
  | 'mask'
  | 'utf8'
  | 'encode'
  | 'handshake'
  | 'garbage'
  | 'portable'
  | 'inflate'
  | 'deflate';

export const DEMANDS: readonly Demand[] = [
  {
    id: 'cursor',
    title: 'decode by cursor, masked binary, against `ws` with bufferutil',
    wanted: '25 × to 125 B, 7 × at 1 KiB, 3 × at 8 KiB, 1.7 × at 60000 B',
  },
  {
    id: 'native',
    title: 'the same beside the C++ parser of uWebSockets',
    wanted:
      'as many frames a second up to 125 B, within 1.3 × above; its figures are of another machine (EPYC at 2.6 GHz, g++ -O3), so they only inform',
  },
  {
    id: 'text',
    title: 'text, validated, by cursor',
    wanted:
      'ASCII within 1.5 × of binary; CJK at 5 GB/s in V8, where a message is long enough for its frame not to count',
  },
  {
    id: 'delivered',
    title: 'owned messages and strings, against `ws`',
    wanted: '5 × to 125 B, 3 × at 1 KiB, 1.3 × at 8 KiB, level from 60000 B on; views 1.7 × there',
  },
  { id: 'single', title: 'one frame a chunk, against `ws`', wanted: '3 × to 1 KiB; never slower, up to 1 MiB' },
  {
    id: 'mask',
    title: 'masking, against bufferutil',
    wanted: "2 × in the arena; on the caller's buffers 1.0 × to 256 B, 0.65 × above",
  },
  {
    id: 'utf8',
    title: 'UTF-8 in the arena, against `node:buffer.isUtf8`',
    wanted: 'faster to 256 B; at 64 KiB 0.7 × (ASCII) and 0.33 × (CJK) in Node, 2 × in Deno',
  },
  {
    id: 'encode',
    title: 'small messages encoded, coalesced, against `Sender.frame` of `ws`',
    wanted: '5 × as a server, 4 × as a client',
  },
  { id: 'handshake', title: 'accept key, and the whole upgrade response, against `node:crypto`', wanted: '2 ×' },
  {
    id: 'garbage',
    title: 'garbage of a message',
    wanted: 'by cursor none; the string alone; of a small binary message one view alone',
  },
  {
    id: 'portable',
    title: 'WebAssembly against the portable kernel',
    wanted: 'faster at every size over 32 B; where a call has a choice, it takes the faster way',
  },
  {
    id: 'inflate',
    title: 'messages inflated, against `node:zlib` in one call and `ws`',
    wanted:
      'to 1 KiB 3 × zlib, 30 × `ws` awaited, 4 × `ws` with 100 in flight; 175 B with takeover 10 × and 100 ×; from 16 KiB level with zlib',
  },
  {
    id: 'deflate',
    title: 'messages deflated, against `node:zlib` at level 1 in one call and `ws`',
    wanted: 'to 175 B 4 × zlib, 35 × `ws` awaited; 1.8 × zlib at 1 KiB; from 16 KiB level with zlib',
  },
];

interface Scope {
  readonly demand: DemandId;
  /** The groups whose ids begin so. */
  readonly group: string;
  readonly subject: string;
  /** In bytes, as the labels of the cases have them. */
  readonly from: number;
  readonly to: number;
  /** The runtimes whose ids begin so; without them, all. */
  readonly runtimes?: readonly string[];
}

/** How many times as fast as a peer a subject is to be. */
export interface Bar extends Scope {
  readonly peer: string;
  readonly atLeast: number;
}

/** What a subject is to reach by itself. */
export interface FigureBar extends Scope {
  readonly unit: 'GB/s' | 'M frames/s' | 'B';
  /** Of `B` it is the most, of the others the least that is wanted. */
  readonly bound: number;
  /** Taken on another machine: no miss, whatever comes out. */
  readonly isInformation?: boolean;
}

const KIB = 1024;
const END = Number.POSITIVE_INFINITY;
const ALL = { from: 0, to: END };
const V8 = ['node', 'deno', 'chrom', 'edge'];

const CURSOR = { demand: 'cursor', group: 'decode/cursor/binary', subject: 'wsimd', peer: 'ws' } as const;
const MESSAGES = { demand: 'delivered', group: 'decode/messages/', subject: 'wsimd', peer: 'ws' } as const;
const SINGLE = { demand: 'single', group: 'decode/single/', subject: 'wsimd', peer: 'ws' } as const;
const ARENA = { demand: 'mask', subject: 'arena', peer: 'bufferutil', ...ALL, atLeast: 2 } as const;
const CALLER = { demand: 'mask', subject: 'unmask', peer: 'bufferutil' } as const;
const UTF8 = { demand: 'utf8', subject: 'arena', peer: 'isUtf8' } as const;
const AT_64_KIB = { from: 64 * KIB, to: 64 * KIB };
const WRITER = { demand: 'encode', subject: 'writer', peer: 'ws frame', from: 0, to: 125 } as const;
const HANDSHAKE = { demand: 'handshake', ...ALL, atLeast: 2 } as const;
const PORTABLE = { demand: 'portable', peer: 'portable', from: 33, to: END, atLeast: 1 } as const;
/** Never slower than either way by more than the checks of its arguments, which the ways beside it do not make. */
const DISPATCH = { demand: 'portable', ...ALL, atLeast: 0.8 } as const;

const INFLATE = { demand: 'inflate', group: 'deflate/inflate/', subject: 'wsimd' } as const;
const AT_175 = { from: 175, to: 175 };
const DEFLATE = { demand: 'deflate', group: 'deflate/deflate/', subject: 'wsimd' } as const;

/** Where two say something about a figure, the first counts. */
export const BARS: readonly Bar[] = [
  { ...CURSOR, from: 16, to: 125, atLeast: 25 },
  { ...CURSOR, from: KIB, to: KIB, atLeast: 7 },
  { ...CURSOR, from: 8 * KIB, to: 8 * KIB, atLeast: 3 },
  { ...CURSOR, from: 60000, to: 60000, atLeast: 1.7 },
  { demand: 'text', group: 'decode/text-cost', subject: 'ASCII', peer: 'binary', ...ALL, atLeast: 1 / 1.5 },
  { ...MESSAGES, from: 16, to: 125, atLeast: 5 },
  { ...MESSAGES, from: KIB, to: KIB, atLeast: 3 },
  { ...MESSAGES, from: 8 * KIB, to: 8 * KIB, atLeast: 1.3 },
  { ...MESSAGES, from: 60000, to: END, atLeast: 1 },
  { ...MESSAGES, group: 'decode/views/', from: 60000, to: END, atLeast: 1.7 },
  { ...SINGLE, from: 16, to: KIB, atLeast: 3 },
  { ...SINGLE, ...ALL, atLeast: 1 },
  { ...ARENA, group: 'mask/in-place' },
  { ...CALLER, group: 'mask/in-place', from: 0, to: 256, atLeast: 1 },
  { ...CALLER, group: 'mask/in-place', from: 257, to: END, atLeast: 0.65 },
  { ...INFLATE, group: 'deflate/inflate/takeover', peer: 'node:zlib', ...AT_175, atLeast: 10 },
  { ...INFLATE, group: 'deflate/inflate/takeover', peer: 'ws awaited', ...AT_175, atLeast: 100 },
  { ...INFLATE, peer: 'node:zlib', from: 0, to: KIB, atLeast: 3 },
  { ...INFLATE, peer: 'ws awaited', from: 0, to: KIB, atLeast: 30 },
  { ...INFLATE, peer: 'ws in flight', from: 0, to: KIB, atLeast: 4 },
  { ...INFLATE, peer: 'node:zlib', from: 16 * KIB, to: END, atLeast: 1 },
  { ...DEFLATE, peer: 'node:zlib', from: 0, to: 175, atLeast: 4 },
  { ...DEFLATE, peer: 'ws awaited', from: 0, to: 175, atLeast: 35 },
  { ...DEFLATE, peer: 'node:zlib', from: 176, to: KIB, atLeast: 1.8 },
  { ...DEFLATE, peer: 'node:zlib', from: 16 * KIB, to: END, atLeast: 1 },
  { ...UTF8, group: 'utf8/', from: 0, to: 256, atLeast: 1 },
  { ...UTF8, group: 'utf8/ascii', ...AT_64_KIB, atLeast: 0.7, runtimes: ['node'] },
  { ...UTF8, group: 'utf8/cjk', ...AT_64_KIB, atLeast: 0.33, runtimes: ['node'] },
  { ...UTF8, group: 'utf8/ascii', ...AT_64_KIB, atLeast: 2, runtimes: ['deno'] },
  { ...UTF8, group: 'utf8/cjk', ...AT_64_KIB, atLeast: 2, runtimes: ['deno'] },
  { ...WRITER, group: 'encode/server/text', atLeast: 5 },
  { ...WRITER, group: 'encode/server/binary', atLeast: 5 },
  { ...WRITER, group: 'encode/client/', atLeast: 4 },
  { ...HANDSHAKE, group: 'accept-key', subject: 'acceptKey', peer: 'createHash' },
  { ...HANDSHAKE, group: 'handshake/response', subject: 'writeResponse', peer: 'node:crypto' },
  // What must be made for the user, and a tenth: a message that spans chunks is put together first.
  {
    demand: 'garbage',
    group: 'garbage/decode/text',
    subject: 'messages',
    peer: 'string alone',
    from: 0,
    to: KIB,
    atLeast: 0.9,
  },
  {
    demand: 'garbage',
    group: 'garbage/decode/binary',
    subject: 'messages',
    peer: 'view alone',
    from: 0,
    to: 125,
    atLeast: 0.9,
  },
  { ...PORTABLE, group: 'decode/cursor/', subject: 'wsimd' },
  { ...PORTABLE, group: 'decode/messages/', subject: 'wsimd' },
  { ...PORTABLE, group: 'mask/', subject: 'arena' },
  { ...PORTABLE, group: 'utf8/', subject: 'arena' },
  // Up to 80 bytes both are one and the same loop (see dispatch/).
  { ...PORTABLE, group: 'encode/client/', subject: 'writer', from: 81 },
  { ...DISPATCH, group: 'dispatch/mask', subject: 'unmask', peer: 'loop' },
  { ...DISPATCH, group: 'dispatch/mask', subject: 'unmask', peer: 'kernel' },
];

const NATIVE = { demand: 'native', group: 'decode/cursor/binary', subject: 'wsimd', isInformation: true } as const;
/** What may be lost to it above 125 bytes. */
const NATIVE_MARGIN = 1.3;

export const FIGURE_BARS: readonly FigureBar[] = [
  { ...NATIVE, from: 16, to: 16, unit: 'M frames/s', bound: 72 },
  { ...NATIVE, from: 125, to: 125, unit: 'M frames/s', bound: 48 },
  { ...NATIVE, from: KIB, to: KIB, unit: 'M frames/s', bound: 20 / NATIVE_MARGIN },
  { ...NATIVE, from: 8 * KIB, to: 8 * KIB, unit: 'GB/s', bound: 21 / NATIVE_MARGIN },
  {
    demand: 'text',
    group: 'decode/cursor/cjk',
    subject: 'wsimd',
    from: 8 * KIB,
    to: END,
    unit: 'GB/s',
    bound: 5,
    runtimes: V8,
  },
  // V8 counts to the byte, and the counting itself is taken off; elsewhere a page is the least that can be told.
  { demand: 'garbage', group: 'garbage/decode/', subject: 'cursor', ...ALL, unit: 'B', bound: 1, runtimes: V8 },
];

function covers({ group, from, to, runtimes }: Scope, id: string, label: string, runtime: string): boolean {
  const size = Number(label);
  const isHere = runtimes?.some((start) => runtime.startsWith(start)) ?? true;
  return isHere && id.startsWith(group) && size >= from && size <= to;
}

/** The bar for one ratio, if there is one. @param runtime its id (see runtime-name.ts) */
export function findBar(group: string, label: string, subject: string, peer: string, runtime: string): Bar | undefined {
  return BARS.find((bar) => bar.subject === subject && bar.peer === peer && covers(bar, group, label, runtime));
}

/** The same for what a subject reaches by itself. */
export function findFigureBar(group: string, label: string, subject: string, runtime: string): FigureBar | undefined {
  return FIGURE_BARS.find((bar) => bar.subject === subject && covers(bar, group, label, runtime));
}
