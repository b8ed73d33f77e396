// Decoding what a client sends, by cursor, as views, as messages; in chunks of 64 KiB, with one frame in each, and byte by
// byte. It must not know how things are timed.

import type { Group, Subject } from '../core/harness.js';
import { type Content, type Cut, makeStream, type StreamOptions } from '../core/inputs.js';
import { driverSubject, wsBareSubject, wsSubject } from '../subjects/peers/decode.js';
import { toOwnBuffer } from '../subjects/peers/peers.js';
import {
  AS_EXPECTED,
  contentSubject,
  cursorSubject,
  type DecodeJob,
  messageSubject,
  viewSubject,
} from '../subjects/wsimd/decode.js';

const KIB = 1024;
const SIZES = [16, 64, 125, 512, KIB, 8 * KIB, 60000];
/** Also those at which the length takes more bytes, the message does not fit in a chunk, or there is next to nothing. */
const ALL_SIZES = [0, 5, 16, 64, 125, 126, 512, KIB, 8 * KIB, 16 * KIB, 60000, 64 * KIB, KIB * KIB];
const WIDE_SIZES = [64, 512, 8 * KIB, 60000];
const TWO_SIZES = [64, 8 * KIB];
const FEW_SIZES = [16, 125, KIB, 16 * KIB, 64 * KIB];

const FRESH = 'Every run is given fresh copies of its chunks; copying them is not timed.';
const NO_CURSOR = 'ws has no cursor: it is its Receiver, whose user reads the length of each Buffer.';
const AS_STRINGS = 'Texts are delivered as strings: ws gives a Buffer, of which its user makes the string (timed).';
const BARE =
  'ws bare: without bufferutil and utf-8-validate. websocket-driver: written to as a socket is piped to it; its user listens to its messages.';

const NAMES: Readonly<Record<Content, string>> = {
  binary: 'binary',
  ascii: 'ASCII text',
  latin: 'Latin text',
  cjk: 'CJK text',
  emoji: 'emoji',
  json: 'JSON',
};

type Job = DecodeJob<Buffer>;

const messageSubjects = (job: Job) => [
  messageSubject('wsimd', 'wasm', job),
  messageSubject('portable', 'portable', job),
  wsSubject(job, true),
];
const cursorSubjects = (job: Job) => [
  cursorSubject('wsimd', 'wasm', job),
  cursorSubject('portable', 'portable', job),
  wsSubject(job, false),
];
const viewSubjects = (job: Job) => [
  viewSubject('wsimd', 'wasm', job),
  viewSubject('portable', 'portable', job),
  wsSubject(job, false),
];
const peerSubjects = (job: Job) => [
  messageSubject('wsimd', 'wasm', job),
  wsSubject(job, true),
  wsBareSubject(job, true),
  driverSubject(job),
];

/** A table: one way to take what was decoded, one kind of content, several sizes. */
interface Table {
  readonly id: string;
  /** Behind "Decode". */
  readonly title: string;
  readonly content: Content;
  readonly sizes: readonly number[];
  readonly subjects: (job: Job) => Subject[];
  readonly notes?: readonly string[];
  readonly cut?: Cut;
  readonly options?: StreamOptions;
  /** The peers beside `ws`; by default, the portable kernel. */
  readonly peers?: readonly string[];
}

function makeGroup(table: Table): Group {
  const { id, title, content, sizes, subjects, notes = [], cut = 'stream', options, peers = ['portable'] } = table;
  const role = options?.isMasked === false ? 'client' : 'server';
  const makeCase = (size: number) => () => {
    const stream = makeStream(content, size, cut, options);
    const { messages, bytes, expected } = stream;
    return { operations: messages, bytes, expected, subjects: subjects({ stream, role, own: toOwnBuffer }) };
  };
  return {
    id: `decode/${id}/${content}`,
    title: `Decode ${title}`,
    notes: [...notes, FRESH],
    pairs: ['ws', ...peers].map((peer) => ['wsimd', peer] as const),
    cases: sizes.map((size) => ({ label: String(size), make: makeCase(size) })),
  };
}

function byCursor(content: Content, sizes: readonly number[]): Group {
  const title = `by cursor: masked ${NAMES[content]}, 64 KiB chunks`;
  return makeGroup({ id: 'cursor', title, content, sizes, subjects: cursorSubjects, notes: [NO_CURSOR] });
}

function toMessages(content: Content, sizes: readonly number[], cut: 'stream' | 'frames'): Group {
  const title = `to owned messages: masked ${NAMES[content]}, ${cut === 'stream' ? '64 KiB chunks' : 'one frame a chunk'}`;
  const notes = content === 'binary' ? [] : [AS_STRINGS];
  const id = cut === 'stream' ? 'messages' : 'single';
  return makeGroup({ id, title, content, sizes, subjects: messageSubjects, notes, cut });
}

/** All peers, at a few sizes. */
function againstPeers(content: Content): Group {
  const title = `to owned messages, and what the other libraries take: masked ${NAMES[content]}, 64 KiB chunks`;
  const notes = [BARE, ...(content === 'binary' ? [] : [AS_STRINGS])];
  const peers = ['ws bare', 'websocket-driver'];
  return makeGroup({ id: 'peers', title, content, sizes: FEW_SIZES, subjects: peerSubjects, notes, peers });
}

const textCost: Group = {
  id: 'decode/text-cost',
  title: 'Decode by cursor, 64 KiB chunks: ASCII and CJK text beside binary of the same lengths',
  notes: [`What it costs that a text is validated. ${FRESH}`],
  pairs: [
    ['ASCII', 'binary'],
    ['CJK', 'binary'],
  ],
  cases: SIZES.map((size) => ({
    label: String(size),
    make() {
      const contents = { ASCII: 'ascii', CJK: 'cjk', binary: 'binary' } as const;
      const jobs = Object.entries(contents).map(([name, content]) => {
        const stream = makeStream(content, size, 'stream');
        return { name, job: { stream, role: 'server', own: toOwnBuffer } as const };
      });
      const { messages, bytes } = jobs[0]!.job.stream;
      const subjects = jobs.map(({ name, job }) => contentSubject(name, job));
      return { operations: messages, bytes, expected: AS_EXPECTED, subjects };
    },
  })),
};

const fragments = (content: Content, fragmentLength: number): Group => ({
  ...makeGroup({
    id: `fragments-${fragmentLength}`,
    title: `to owned messages: masked ${NAMES[content]} in fragments of ${fragmentLength} bytes, 64 KiB chunks`,
    content,
    sizes: [8 * KIB],
    subjects: messageSubjects,
    options: { fragmentLength },
  }),
});

export const decodeGroups: readonly Group[] = [
  byCursor('binary', [0, ...SIZES, KIB * KIB]),
  byCursor('ascii', SIZES),
  byCursor('latin', TWO_SIZES),
  byCursor('cjk', WIDE_SIZES),
  byCursor('emoji', TWO_SIZES),
  textCost,
  makeGroup({
    id: 'views',
    title: 'to views: masked binary, 64 KiB chunks',
    content: 'binary',
    sizes: FEW_SIZES,
    subjects: viewSubjects,
    notes: ['wsimd: FrameDecoder.view(), of each piece of a frame. ws: its Receiver, whose user reads the length.'],
  }),
  toMessages('binary', ALL_SIZES, 'stream'),
  toMessages('ascii', [...SIZES, KIB * KIB], 'stream'),
  toMessages('latin', TWO_SIZES, 'stream'),
  toMessages('cjk', WIDE_SIZES, 'stream'),
  toMessages('emoji', TWO_SIZES, 'stream'),
  toMessages('binary', [0, ...SIZES, 16 * KIB, 64 * KIB, KIB * KIB, 16 * KIB * KIB], 'frames'),
  toMessages('ascii', SIZES, 'frames'),
  toMessages('cjk', TWO_SIZES, 'frames'),
  makeGroup({
    id: 'client',
    title: 'to owned messages as a client: unmasked binary, 64 KiB chunks',
    content: 'binary',
    sizes: FEW_SIZES,
    subjects: messageSubjects,
    options: { isMasked: false },
  }),
  fragments('binary', 16),
  fragments('binary', KIB),
  fragments('cjk', 125),
  makeGroup({
    id: 'bytewise',
    title: 'to owned messages: masked ASCII text, every byte a chunk of its own',
    content: 'ascii',
    sizes: [5, 125],
    subjects: messageSubjects,
    cut: 'bytes',
    notes: [AS_STRINGS],
  }),
  againstPeers('binary'),
  againstPeers('ascii'),
];
