// All cases from life, in the order of the report, and how they are chosen.

import type { SubjectName } from '../../subjects/subjects.js';
import { describeFlow, type LifeCase, type Measure, makeCase } from './case.js';
import { echoCases } from './echo.js';
import { pushCases } from './push.js';

const KIB = 1024;

const COMPRESSED = [
  { size: 175, inFlight: 1, atLeast: 5.8, bun: 1.3 },
  { size: 175, inFlight: 16, atLeast: 13, bun: 1.3 },
  { size: KIB, inFlight: 1, atLeast: 4.2, bun: 1.3 },
  { size: KIB, inFlight: 16, atLeast: 7.2, bun: 1.3 },
] as const;

const compressed = (['no-takeover', 'takeover'] as const).flatMap((compression) =>
  COMPRESSED.map(({ size, inFlight, atLeast, bun }) =>
    makeCase('compression', {
      title: `JSON, ${compression}, ${describeFlow(size, inFlight)}`,
      load: { size, inFlight, compression, form: 'buffer' },
      subjects: ['wsimd', 'ws', 'Bun'],
      targets:
        compression === 'takeover'
          ? []
          : [
              { peer: 'ws', atLeast },
              { peer: 'Bun', atLeast: bun },
            ],
    }),
  ),
);

const handshakes = makeCase('handshakes', {
  title: 'handshakes, 32 at a time',
  load: { kind: 'handshake', connections: 0 },
  server: { kind: 'idle' },
  subjects: ['wsimd', 'ws', 'Bun', 'Deno'],
  patience: 2,
});

const PEERS: readonly SubjectName[] = ['wsimd', 'ws', 'Bun', 'Deno'];
const MEMORY: readonly {
  readonly measure: Measure;
  readonly connections: number;
  readonly subjects: readonly SubjectName[];
}[] = [
  { measure: 'idle memory', connections: 5_000, subjects: PEERS },
  { measure: 'pending memory', connections: 10_000, subjects: ['wsimd', 'ws', 'Bun', 'Deno'] },
  { measure: 'compressed memory', connections: 1_000, subjects: ['wsimd', 'ws', 'Bun'] },
];

const memory = MEMORY.map(({ measure, connections, subjects }) =>
  makeCase('memory', {
    title: `${measure} a connection, of ${connections.toLocaleString('en')}`,
    measure,
    server: { kind: measure === 'compressed memory' ? 'echo' : 'idle' },
    load:
      measure === 'compressed memory'
        ? { kind: 'echo', connections, size: KIB, form: 'buffer', compression: 'takeover', limit: 4 }
        : { kind: 'idle', connections },
    subjects,
  }),
);

export const lifeCases: readonly LifeCase[] = [...echoCases, ...pushCases, ...compressed, handshakes, ...memory];

/** @param words each begins a word of the case's id. All cases where there are none */
export function selectCases(cases: readonly LifeCase[], words: readonly string[]): LifeCase[] {
  return cases.filter(({ id }) => {
    const parts = id.toLowerCase().split(/,?\s+|\//);
    return words.every((word) => parts.some((part) => part.startsWith(word.toLowerCase())));
  });
}
