// Random scenarios, played by `ws` with itself and by ours on either side or both: what each side sees is the same.
// WSIMD_SCENARIOS says how many. A failure names the seed; WSIMD_SEED plays it again.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PAIRS } from '../../support/peers/implementations.js';
import { play } from '../same-as-ws/play.js';
import { scenario } from '../same-as-ws/scenarios.js';

const { WSIMD_SCENARIOS, WSIMD_SEED } = process.env;
const COUNT = Number(WSIMD_SCENARIOS ?? 150);
const [[, oracle], ...others] = PAIRS.slice(0, 4) as [(typeof PAIRS)[0], ...typeof PAIRS];

test(`${COUNT} random scenarios are the same with ws and with ours`, { timeout: 60_000 + COUNT * 1000 }, async () => {
  const property = fc.asyncProperty(scenario, async (made) => {
    const expected = await play(made, oracle);
    for (const [name, pair] of others) expect(await play(made, pair), name).toEqual(expected);
  });
  await fc.assert(property, { numRuns: COUNT, ...(WSIMD_SEED === undefined ? {} : { seed: Number(WSIMD_SEED) }) });
});
