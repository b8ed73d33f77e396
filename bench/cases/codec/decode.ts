// Decoding what a client sends, by cursor, as views, as messages; in chunks of 64 KiB, with one frame in each, and byte by
// byte. It must not know how things are timed.

import type { Group, Subject } from '../../core/harness.js';
import { type Content, type Cut, makeStream, type StreamOptions } from '../../core/inputs.js';
import { wsSubject } from '../../subjects/peers/decode.js';
import { toOwnBuffer } from '../../subjects/peers/peers.js';
import {
  AS_EXPECTED,
  contentSubject,
  cursorSubject,
  type DecodeJob,
  messageSubject,
  viewSubject,
} from '../../subjects/wsimd/decode.js';

const KIB = 1024;
/** Stands for 64 KiB where frames are to fit in a chunk. */
const NEARLY_64_KIB = 60000;

const FRESH = 'Every run is given fresh copies of its chunks; copying them is not timed.';
const NO_CURSOR = 'ws has no cursor: it is its Receiver, whose user reads the length of each Buffer.';
const AS_STRINGS = 'Texts are delivered as strings: ws gives a Buffer, of which its user makes the string (timed).';

const NAMES: Readonly<Record<Content, string>> = {
  binary: 'binary',
  ascii: 'ASCII text',
  latin: 'Latin text',
  cjk: 'CJK text',
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
}

function makeGroup(table: Table): Group {
  const { id, title, content, sizes, subjects, notes = [], cut = 'stream', options } = table;
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
    pairs: [
      ['wsimd', 'ws'],
      ['wsimd', 'portable'],
    ],
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

const textCost: Group = {
  id: 'decode/text-cost',
  title: 'Decode by cursor, 64 KiB chunks: ASCII and CJK text beside binary of the same lengths',
  notes: [`What it costs that a text is validated. ${FRESH}`],
  pairs: [
    ['ASCII', 'binary'],
    ['CJK', 'binary'],
  ],
  cases: [125, 8 * KIB].map((size) => ({
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

export const decodeGroups: readonly Group[] = [
  byCursor('binary', [16, 125, KIB, 8 * KIB, NEARLY_64_KIB, KIB * KIB]),
  byCursor('ascii', [125, 8 * KIB, NEARLY_64_KIB]),
  byCursor('cjk', [8 * KIB, NEARLY_64_KIB]),
  textCost,
  makeGroup({
    id: 'views',
    title: 'to views: masked binary, 64 KiB chunks',
    content: 'binary',
    sizes: [125, 64 * KIB],
    subjects: viewSubjects,
    notes: ['wsimd: FrameDecoder.view(), of each piece of a frame. ws: its Receiver, whose user reads the length.'],
  }),
  // At 16 KiB every fourth message spans chunks, and is copied once more.
  toMessages('binary', [16, 125, KIB, 8 * KIB, 16 * KIB, 64 * KIB, KIB * KIB], 'stream'),
  toMessages('ascii', [16, 125, 8 * KIB, NEARLY_64_KIB, KIB * KIB], 'stream'),
  toMessages('latin', [64, 8 * KIB], 'stream'),
  toMessages('cjk', [8 * KIB, NEARLY_64_KIB], 'stream'),
  toMessages('binary', [16, 125, KIB, 8 * KIB, 16 * KIB, 64 * KIB, KIB * KIB, 16 * KIB * KIB], 'frames'),
  toMessages('ascii', [16, KIB, 16 * KIB, 64 * KIB, KIB * KIB, 16 * KIB * KIB], 'frames'),
  makeGroup({
    id: 'client',
    title: 'to owned messages as a client: unmasked binary, 64 KiB chunks',
    content: 'binary',
    sizes: [16 * KIB],
    subjects: messageSubjects,
    options: { isMasked: false },
  }),
  makeGroup({
    id: 'fragments-1024',
    title: 'to owned messages: masked binary in fragments of 1024 bytes, 64 KiB chunks',
    content: 'binary',
    sizes: [8 * KIB],
    subjects: messageSubjects,
    options: { fragmentLength: KIB },
  }),
  makeGroup({
    id: 'bytewise',
    title: 'to owned messages: masked ASCII text, every byte a chunk of its own',
    content: 'ascii',
    sizes: [125],
    subjects: messageSubjects,
    cut: 'bytes',
    notes: [AS_STRINGS],
  }),
];
