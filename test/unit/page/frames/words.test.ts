// src/page/frames/words.ts and format.ts, and the errors of connections: numbers and failures as people read them.

import { expect, test } from 'vitest';
import { errorKind, errorText } from '../../../../src/cli/client/dial-errors.js';
import { formatFigure, formatRate, formatThroughput } from '../../../../src/page/format.js';
import { closeCodeWords, count, excerpt, opcodeWords } from '../../../../src/page/frames/words.js';

test.each([
  [formatFigure(1.234), '1.23'],
  [formatFigure(12.34), '12.3'],
  [formatFigure(123.4), '123'],
  [formatRate(100), '10.0 M/s'],
  [formatRate(1e5), '10.0 k/s'],
  [formatRate(1e8), '10.0 /s'],
  [formatThroughput(10, 25), '2.50 GB/s'],
  [formatThroughput(100, 25), '250 MB/s'],
  [opcodeWords(9), 'ping'],
  [opcodeWords(3), 'reserved'],
  [closeCodeWords(1000), 'normal closure'],
  [closeCodeWords(3000), 'for libraries and frameworks, registered with IANA'],
  [closeCodeWords(4999), 'for private use'],
  [closeCodeWords(2999), 'may not be sent'],
  [closeCodeWords(5000), 'may not be sent'],
  [count(1, 'byte'), '1 byte'],
  [count(1234n, 'byte'), '1,234 bytes'],
  [excerpt('abc', 3), 'abc'],
  [excerpt('ab😀', 3), 'ab…'],
])('%j is %j', (text, expected) => {
  expect(text).toBe(expected);
});

test('errors: a code where there is one, else what they say', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:1'), { code: 'ECONNREFUSED' });
  expect([errorKind(refused), errorText(refused)]).toEqual(['ECONNREFUSED', 'connect ECONNREFUSED ::1:1']);
  expect([errorKind(new Error('interrupted')), errorText(new Error('interrupted'))]).toEqual(
    Array(2).fill('interrupted'),
  );
  // Of a host with several addresses, Node has no words for all.
  expect(errorText(new AggregateError([refused, new Error('another')]))).toBe('connect ECONNREFUSED ::1:1');
  expect(errorText(new AggregateError([refused], 'all failed'))).toBe('all failed');
  expect([errorKind('thrown'), errorText('thrown')]).toEqual(['thrown', 'thrown']);
});
