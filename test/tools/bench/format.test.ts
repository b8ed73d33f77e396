// bench/page/format.ts: times and lengths as people read them.

import { expect, test } from 'vitest';
import { formatBytes, formatTime } from '../../../bench/page/format.js';

test.each([
  [formatTime(5), '5.00 ns'],
  [formatTime(1500), '1.50 µs'],
  [formatTime(2.5e6), '2.50 ms'],
  [formatBytes(2 ** 21), '2 MiB'],
  [formatBytes(2 ** 20 + 1024), '1025 KiB'],
  [formatBytes(2 ** 20 + 1), '1048577 B'],
  [formatBytes(64), '64 B'],
])('%j is %j', (text, expected) => {
  expect(text).toBe(expected);
});
