// Garbage: bytes allocated for each message. It must not know how they are counted: see children/garbage.ts.

import { type Group, gaugedWorkload, NotMeasurable, type Workload } from '../../core/harness.js';
import { METER_ENVIRONMENT, METER_FLAGS } from '../../run/children/allocation-meter.js';
import type { GarbageAnswer, GarbageJob } from '../../run/children/garbage.js';
import { runChild } from '../../run/children/run-child.js';

const NOTE =
  'Bytes allocated for each message while nothing is collected, in a process of its own: on V8 what its heap and the buffers outside grow by, in Bun what the process grows by with its collector off, which is rounded up to what the allocator gives.';
const DECODE_SUBJECTS = 'cursor: FrameDecoder; views: its view(); messages: MessageDecoder. ws: its Receiver';

function makeGroup(kind: GarbageJob['kind'], content: 'binary' | 'ascii', title: string, note: string): Group {
  const sizes = kind === 'decode' ? [125, 8192] : [125];
  const makeCase = (size: number) => (): Workload => {
    const job: GarbageJob = { kind, content, size };
    const gauge = async () => {
      const { measurements, reason } = (await runChild(
        'garbage.js',
        job,
        METER_FLAGS,
        METER_ENVIRONMENT,
      )) as GarbageAnswer;
      if (reason !== undefined) throw new NotMeasurable(reason);
      return [...measurements];
    };
    return gaugedWorkload(size, gauge);
  };
  return {
    id: `garbage/${kind}/${content === 'ascii' ? 'text' : content}`,
    title,
    notes: [NOTE, note],
    pairs:
      kind === 'encode'
        ? [['connection', 'ws send']]
        : [
            ['messages', 'ws'],
            ['messages', content === 'binary' ? 'view alone' : 'string alone'],
          ],
    unit: 'bytes',
    cases: sizes.map((size) => ({ label: String(size), make: makeCase(size) })),
  };
}

export const garbageGroups: readonly Group[] = [
  makeGroup(
    'decode',
    'binary',
    'Garbage of decoding binary messages, 64 KiB chunks',
    `${DECODE_SUBJECTS}. view alone: a Uint8Array on bytes that are decoded already.`,
  ),
  makeGroup(
    'decode',
    'ascii',
    'Garbage of decoding text, 64 KiB chunks',
    `${DECODE_SUBJECTS}, and the string. string alone: made of bytes that are decoded already.`,
  ),
  makeGroup('encode', 'ascii', 'Garbage of encoding text as a server', 'As in encode/server.'),
];
