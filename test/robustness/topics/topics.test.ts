// Whatever happens to its subscribers, a message of a topic is to each of them what was published: `npm run topics` makes a million
// deliveries.

import { expect, test } from 'vitest';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { simulate } from './simulation.js';

const DELIVERIES = Number(process.env.WSIMD_DELIVERIES ?? 8_000);
const SEED = Number(process.env.WSIMD_SEED ?? 1);
const EACH = 2000;

test.each(DEFLATE_KERNELS)('random programs with topics on the %s kernel', { timeout: 3_600_000 }, (kernel) => {
  let deliveries = 0;
  for (let seed = SEED; deliveries < DELIVERIES / 2; seed++) {
    try {
      const outcome = simulate({ seed, deliveries: EACH, kernel, strictEvery: 499 });
      deliveries += outcome.deliveries;
    } catch (error) {
      throw new Error(`with WSIMD_SEED=${seed} on the ${kernel} kernel`, { cause: error });
    }
  }
  expect(deliveries).toBeGreaterThanOrEqual(DELIVERIES / 2);
});
