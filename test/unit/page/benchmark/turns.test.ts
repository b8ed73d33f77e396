// src/page/benchmark/turns.ts: the order in which subjects are measured.

import { expect, test } from 'vitest';
import { turnOrder } from '../../../../src/page/benchmark/turns.js';

test.each([1, 2, 3, 5])(
  'of %i subjects each has a turn in every round, and each begins as often as the others',
  (count) => {
    const rounds = Array.from({ length: 2 * count }, (_, round) => turnOrder(round, count));
    for (const order of rounds) expect([...order].sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
    for (let place = 0; place < count; place++) expect(rounds.filter(([first]) => first === place)).toHaveLength(2);
  },
);

test.each([3, 5])('of %i subjects none always follows the same one', (count) => {
  for (let place = 0; place < count; place++) {
    const before = [0, 1, 2, 3].map((round) => {
      const order = turnOrder(round, count);
      return order[(order.indexOf(place) + count - 1) % count];
    });
    expect(new Set(before).size).toBeGreaterThan(1);
  }
});
