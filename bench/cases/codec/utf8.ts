// Validating UTF-8: in the arena, and in buffers of the caller's. It must not know how things are timed.

import { isUtf8 } from 'node:buffer';
import isValidUTF8 from 'utf-8-validate';
import { isValidUtf8 } from '../../../src/index.js';
import type { Group } from '../../core/harness.js';
import { arenaSubject, callSubject, makeUtf8Workload } from '../../subjects/wsimd/utf8.js';

const SIZES = [16, 256, 65536];
const CONTENTS = [
  { content: 'ascii', name: 'ASCII' },
  { content: 'cjk', name: 'CJK' },
] as const;

export const utf8Groups: readonly Group[] = CONTENTS.map(({ content, name }) => ({
  id: `utf8/${content}`,
  title: `Validate UTF-8: ${name}`,
  notes: ["arena: the kernel on bytes that lie in its memory; the others: on buffers of the caller's."],
  pairs: [
    ['arena', 'isUtf8'],
    ['arena', 'utf-8-validate'],
    ['arena', 'portable'],
    ['isValidUtf8', 'isUtf8'],
  ],
  cases: SIZES.map((length) => ({
    label: String(length),
    make: () =>
      makeUtf8Workload(content, length, (job) => [
        arenaSubject('arena', 'wasm', job),
        arenaSubject('portable', 'portable', job),
        callSubject('isValidUtf8', job, isValidUtf8),
        callSubject('isUtf8', job, isUtf8),
        callSubject('utf-8-validate', job, isValidUTF8),
      ]),
  })),
}));
