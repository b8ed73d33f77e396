// Garbage: bytes allocated for each message. It must not know how they are counted: see children/garbage.ts.

import type { GarbageJob } from '../children/garbage.js';
import { runChild } from '../children/run-child.js';
import type { Group, Measurement, Workload } from '../harness.js';

/** A new space in which a run's garbage fits, and the means to empty it before one. */
const GARBAGE_FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];
const NOTE =
  "Bytes allocated for each message, on V8's heap and in buffers outside, in a run in which nothing is collected, in a process of its own.";
const DECODE_SUBJECTS = 'cursor: FrameDecoder; views: its view(); messages: MessageDecoder. ws: its Receiver';

function makeGroup(kind: GarbageJob['kind'], content: 'binary' | 'ascii', title: string, note: string): Group {
  const sizes = [16, 125, 1024, 8192];
  const makeCase = (size: number) => (): Workload => {
    const job: GarbageJob = { kind, content, size };
    const gauge = async () => (await runChild('garbage.js', job, GARBAGE_FLAGS)) as Measurement[];
    return { operations: 1, bytes: size, expected: '', subjects: [], gauge };
  };
  return {
    id: `garbage/${kind}/${content === 'ascii' ? 'text' : content}`,
    title,
    notes: [NOTE, note],
    pairs: kind === 'decode' ? [['messages', 'ws']] : [['connection', 'ws send']],
    unit: 'bytes',
    cases: sizes.map((size) => ({ label: String(size), make: makeCase(size) })),
  };
}

export const garbageGroups: readonly Group[] = [
  makeGroup('decode', 'binary', 'Garbage of decoding binary messages, 64 KiB chunks', `${DECODE_SUBJECTS}.`),
  makeGroup('decode', 'ascii', 'Garbage of decoding text, 64 KiB chunks', `${DECODE_SUBJECTS}, and the string.`),
  makeGroup('encode', 'ascii', 'Garbage of encoding text as a server', 'As in encode/server.'),
];
