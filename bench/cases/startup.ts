// How long it takes to begin: compiling the module; importing the library and decoding the first message. It must not know how
// things are timed.

import { readFileSync } from 'node:fs';
import { OPCODE_TEXT } from '../../assembly/shared/protocol.js';
import type { Kernel } from '../../src/index.js';
import { createPortableKernel } from '../../src/kernel/portable/portable.js';
import { createWasmKernel } from '../../src/kernel/wasm/wasm.js';
import { makeFrame } from '../core/frames.js';
import { type Group, gaugedWorkload, type Measurement, type Plan, type Subject } from '../core/harness.js';
import { runChild } from '../run/children/run-child.js';
import type { StartupJob, StartupTimes } from '../run/children/startup.js';

const TEXT = 'Hello';
/** A process for each sample takes its time. */
const ROUNDS_PER_SAMPLE = 3;
/** A custom section of a module with this name and four bytes of content. */
const SECTION_NAME = 'bench';

const kernelFile = new URL('../../kernel.wasm', import.meta.url);

function makeKernelSubject(name: string, make: () => Kernel): Subject {
  return {
    name,
    run: () => make().memory.byteLength,
    output: () => {
      const kernel = make();
      kernel.mask(0x20000, 100, 0x01020304, 1);
      return new Uint8Array(kernel.memory, 0x20000, 100).join();
    },
  };
}

/** The kernel's bytes with something else behind them each time: V8 compiles what it knows only once. */
function makeModuleSource(): () => Uint8Array<ArrayBuffer> {
  const kernel = readFileSync(kernelFile);
  const name = Buffer.from(SECTION_NAME);
  const bytes = new Uint8Array(kernel.length + 3 + name.length + 4);
  bytes.set(kernel);
  bytes.set([0, 1 + name.length + 4, name.length, ...name], kernel.length);
  const counter = new DataView(bytes.buffer, bytes.length - 4);
  let count = 0;
  return () => {
    counter.setUint32(0, ++count);
    return bytes;
  };
}

const moduleGroup: Group = {
  id: 'startup/kernel',
  title: 'Make a kernel: compile the module and instantiate it, or prepare the portable one',
  notes: ['Each time another module to V8, which else keeps what it has compiled; its memory is 6 pages.'],
  pairs: [['portable', 'wasm']],
  cases: [
    {
      label: 'kernel.wasm',
      make() {
        const nextBytes = makeModuleSource();
        const key = [4, 3, 2, 1];
        return {
          operations: 1,
          bytes: 0,
          expected: Array.from({ length: 100 }, (_, i) => key[(i + 1) & 3]!).join(),
          subjects: [
            makeKernelSubject('wasm', () => createWasmKernel(new WebAssembly.Module(nextBytes()))),
            makeKernelSubject('portable', createPortableKernel),
          ],
        };
      },
    },
  ],
};

const CHILDREN: readonly Pick<StartupJob, 'subject' | 'url'>[] = [
  { subject: 'wsimd', url: new URL('../../bundles/index.js', import.meta.url).href },
  { subject: 'portable', url: new URL('../../bundles/index.js', import.meta.url).href },
  // By its path: Bun puts something of its own in place of the name.
  { subject: 'ws', url: new URL('wrapper.mjs', import.meta.resolve('ws/package.json')).href },
];

async function measureChildren(plan: Plan): Promise<Measurement[]> {
  const frame = Buffer.from(makeFrame(OPCODE_TEXT, Buffer.from(TEXT), Uint8Array.of(1, 2, 3, 4))).toString('base64');
  const all = CHILDREN.map(({ subject }) => ({ name: subject, samples: [] as number[] }));
  for (let round = 0; round < plan.rounds / ROUNDS_PER_SAMPLE; round++) {
    for (const [i, child] of CHILDREN.entries()) {
      const times = (await runChild('startup.js', { ...child, frame })) as StartupTimes;
      if (times.text !== TEXT) throw new Error(`${child.subject} decodes "${times.text}", not "${TEXT}"`);
      all[i]!.samples.push(Math.round(times.decoded));
    }
  }
  return all;
}

const messageGroup: Group = {
  id: 'startup/message',
  title: 'Import the library and decode the first message',
  notes: ['Measured inside a fresh process each time; what Node itself takes to start is not in it.'],
  pairs: [['wsimd', 'ws']],
  cases: [{ label: String(TEXT.length), make: () => gaugedWorkload(TEXT.length, measureChildren) }],
};

export const startupGroups: readonly Group[] = [moduleGroup, messageGroup];
