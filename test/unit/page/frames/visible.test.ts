// src/page/frames/visible.ts: text of a peer as the page shows it.

import { expect, test } from 'vitest';
import { visible } from '../../../../src/page/frames/visible.js';

test.each([
  ['plain, Grüße, שלום, 😀', 'plain, Grüße, שלום, 😀'],
  ['lines\nand\ttabs\r\nstay', 'lines\nand\ttabs\r\nstay'],
  ['a\u202eb\u2066c\u200fd', 'a\\u{202e}b\\u{2066}c\\u{200f}d'],
  ['\u200b\ufeff\u2028\u2029', '\\u{200b}\\u{feff}\\u{2028}\\u{2029}'],
  ['\x00\x1b[2J\x7f\x85\r', '\\u{0}\\u{1b}[2J\\u{7f}\\u{85}\\u{d}'],
  ['\ud800', '\\u{d800}'],
])('%j is shown as %j', (text, expected) => {
  expect(visible(text)).toBe(expected);
});
