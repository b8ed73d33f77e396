// inflate() of every kernel against zlib on input that is damaged: flipped bits, cut off, spliced, random, random behind a
// good header. Both accept and agree on each byte, or both reject. zlib's verdict is that of zlibVerdict(); nothing is
// excepted. After each input no byte outside the regions that inflate() may write has changed.
//
// A million of them: npm run damaged. So many, on another seed: WSIMD_INPUTS=50000 WSIMD_SEED=7 npm run damaged

import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  DEFLATE_TEXT_PTR,
  DEFLATE_WORK_PTR,
  INFLATE_WORK_END,
  INPUT_CAPACITY,
  INPUT_PTR,
  OUTCOME_PTR,
  OUTPUT_CAPACITY,
  OUTPUT_PTR,
  POOL_PTR,
} from '../../../../assembly/shared/deflate-layout.js';
import { GUARD_LENGTH } from '../../../../assembly/shared/layout.js';
import { CORPORA, messageOf } from '../../../support/inputs/corpora.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import {
  deflateAlone,
  INFLATE_KERNELS,
  Inflater,
  type MessageOptions,
  zlibVerdict,
} from '../../../support/kernels/inflating.js';

const INPUTS = Number(process.env.WSIMD_INPUTS ?? 20_000);
const SEED = Number(process.env.WSIMD_SEED ?? 1);
const POISON = 0xa5;
/** How far before its input inflate() may put what the piece before has left. */
const CARRIED = 0x400;
const TRAILER_LENGTH = 4;

/** Good payloads of all sorts, to be damaged. */
const PAYLOADS = CORPORA.flatMap((corpus) =>
  [0, 1, 3, 6, 9].flatMap((level) =>
    [0, 2, 3, 4].flatMap((strategy) =>
      [20, 120, 700, 3000].map((length, i) =>
        deflateAlone(messageOf(corpus, length, level + i), { level, strategy, memLevel: 1 + ((level + i) % 9) }),
      ),
    ),
  ),
);

const DAMAGES: Readonly<Record<string, (payload: Uint8Array, random: () => number) => Uint8Array>> = {
  'a bit flipped': (payload, random) => flip(payload, 1, random, payload.length),
  'some bits flipped': (payload, random) => flip(payload, 2 + (random() % 6), random, payload.length),
  'a bit flipped near the start': (payload, random) => flip(payload, 1, random, Math.min(payload.length, 60)),
  'cut off': (payload, random) => payload.slice(0, random() % (payload.length + 1)),
  'cut off and flipped': (payload, random) => {
    const part = payload.slice(0, 1 + (random() % payload.length));
    return flip(part, 1, random, part.length);
  },
  'spliced with another': (payload, random) => {
    const other = PAYLOADS[random() % PAYLOADS.length]!;
    return Buffer.concat([payload.subarray(0, random() % payload.length), other.subarray(random() % other.length)]);
  },
  'a byte inserted': (payload, random) => {
    const at = random() % (payload.length + 1);
    return Buffer.concat([payload.subarray(0, at), Uint8Array.of(random()), payload.subarray(at)]);
  },
  'BFINAL set': (payload, random) => {
    const copy = Uint8Array.from(payload);
    copy[0]! |= 1;
    return random() % 2 === 0 ? copy : Buffer.concat([copy, PAYLOADS[random() % PAYLOADS.length]!]);
  },
  random: (_, random) => randomBytes(random() % 60, random()),
  'random behind the bits of a dynamic block': (_, random) => {
    const bytes = randomBytes(3 + (random() % 200), random());
    bytes[0] = (bytes[0]! & 0xf8) | 4;
    return bytes;
  },
  'random behind the bits of a fixed block': (_, random) => {
    const bytes = randomBytes(1 + (random() % 60), random());
    bytes[0] = (bytes[0]! & 0xf8) | 2;
    return bytes;
  },
};

function flip(payload: Uint8Array, count: number, random: () => number, within: number): Uint8Array {
  const copy = Uint8Array.from(payload);
  for (let i = 0; i < count && within > 0; i++) copy[random() % within]! ^= 1 << (random() % 8);
  return copy;
}

describe.each(INFLATE_KERNELS)('$name', ({ kernel }) => {
  const memory = new Uint8Array(kernel.memory);
  /** From where to where inflate() leaves all as it is; the context is the first in the pool. */
  const untouched: readonly (readonly [number, number])[] = [
    [0, OUTCOME_PTR],
    [INFLATE_WORK_END, INPUT_PTR - CARRIED],
    [INPUT_PTR + INPUT_CAPACITY + TRAILER_LENGTH, OUTPUT_PTR],
    [DEFLATE_TEXT_PTR, memory.length],
  ];

  it(`${INPUTS} damaged payloads`, { timeout: 60_000 + 10 * INPUTS }, async () => {
    memory.fill(POISON, DEFLATE_WORK_PTR);
    const random = createRandom(SEED);
    const kinds = Object.entries(DAMAGES);
    const accepted: Record<string, number> = {};
    const history = messageOf('json', 500, 3);
    let before = untouched.map(([from, to]) => memory.slice(from, to));
    for (let i = 0; i < INPUTS; i++) {
      const [kind, damage] = kinds[i % kinds.length]!;
      const payload = damage(PAYLOADS[random() % PAYLOADS.length]!, random);
      const hasHistory = i % 3 === 0;
      const inflater = new Inflater(kernel);
      if (hasHistory) inflater.inflate(deflateAlone(history));

      const wanted = zlibVerdict(payload, hasHistory ? history : undefined);
      const options: MessageOptions =
        i % 2 === 0
          ? {}
          : {
              pieces: Array.from({ length: 30 }, () => random() % (i % 4 === 1 ? 4 : 80)),
              capacities: [1 + (random() % 100), 1 + (random() % 3000), OUTPUT_CAPACITY],
            };
      const outcome = inflater.inflate(payload, options);
      const found = outcome.status === 'done' ? outcome.bytes : undefined;
      const isSame = wanted === undefined ? found === undefined : found !== undefined && wanted.equals(found);
      if (!isSame) {
        const hex = Buffer.from(payload).toString('hex');
        const told = (bytes: Buffer | undefined) => (bytes === undefined ? 'rejected' : `${bytes.length} bytes`);
        expect.fail(`${kind}: zlib ${told(wanted)}, ours ${told(found)}: ${hex} ${JSON.stringify(options)}`);
      }
      if (wanted !== undefined) accepted[kind] = (accepted[kind] ?? 0) + 1;

      // Every one by the bytes next to the regions; now and then by all there are.
      for (const [from, to] of untouched) {
        const part = untouched.findIndex(([other]) => other === from);
        const isStrayed =
          !Buffer.from(memory.buffer, from, GUARD_LENGTH).equals(before[part]!.subarray(0, GUARD_LENGTH)) ||
          !Buffer.from(memory.buffer, to - GUARD_LENGTH, GUARD_LENGTH).equals(before[part]!.subarray(-GUARD_LENGTH));
        if (isStrayed && to !== memory.length) expect.fail(`${kind}: wrote near ${from} or ${to}`);
      }
      if (i % 500 === 499 || i === INPUTS - 1) {
        untouched.forEach(([from, to], part) => {
          const start = to === memory.length ? POOL_PTR + 0x10000 : from;
          const now = Buffer.from(memory.buffer, start, to - start);
          expect(now.equals(before[part]!.subarray(start - from))).toBe(true);
        });
        before = untouched.map(([from, to]) => memory.slice(from, to));
        // node:zlib frees what its synchronous calls took in a turn of the event loop, and no sooner.
        await setImmediate();
      }
    }
    // All damage would be no test if nothing survived it.
    expect(Object.values(accepted).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(INPUTS / 100);
    console.info(`${INPUTS} inputs, accepted by both: ${JSON.stringify(accepted)}`);
  });
});
