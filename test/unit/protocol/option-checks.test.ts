// src/protocol/option-checks.ts, and the options of the core and of `wsimd/web` that it checks: each is refused where it is
// given, by the name under which it was given, and nothing has been taken by then.

import { describe, expect, test } from 'vitest';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import { Connection, FrameDecoder, FrameEncoder, MessageDecoder } from '../../../src/index.js';
import { describeValue } from '../../../src/protocol/option-checks.js';
import { acceptWebSocket, connectWebSocket } from '../../../src/web/index.js';
import { connectedStreams } from '../web/memory-streams.js';

const NO_NUMBERS: readonly unknown[] = [Number.NaN, -1, '5', null, true, {}, [], 1n, Symbol('odd'), () => {}];
const NO_FLAGS: readonly unknown[] = [0, 1, '', 'false', null, {}, Number.NaN];
const NO_FUNCTIONS: readonly unknown[] = [null, 0, 'x', {}, true];

const DECODER = [
  ['maxFrameLength', NO_NUMBERS],
  ['maxMessageLength', NO_NUMBERS],
  ['skipUtf8Validation', NO_FLAGS],
  ['kernel', ['native', null, 1, {}]],
] as const;
const MESSAGES = [
  ...DECODER,
  ['maxFragments', [...NO_NUMBERS, 0, 0.5]],
  ['ownsChunks', NO_FLAGS],
  ['textAs', ['text', null, 1]],
  ['deliver', ['chunks', null, 1]],
] as const;
const STREAMS = [
  ...DECODER,
  ['autoPong', NO_FLAGS],
  ['maxPendingPongs', [...NO_NUMBERS, 0]],
  ['ownsChunks', NO_FLAGS],
  ['highWaterMark', NO_NUMBERS],
  ['handshakeTimeout', [...NO_NUMBERS, 2 ** 31]],
  ['closeTimeout', [...NO_NUMBERS, 2 ** 31]],
  ['unreadTimeout', [...NO_NUMBERS, 2 ** 31]],
  ['perMessageDeflate', [true, {}, 'x', 1]],
  ['signal', [true, {}, 'x', 1]],
  ['onMessage', NO_FUNCTIONS],
] as const;

type Table = readonly (readonly [string, readonly unknown[]])[];

const TAKERS: readonly [string, (options: object) => unknown, Table][] = [
  [
    'FrameDecoder',
    (options) => new FrameDecoder({ role: 'server', ...options }),
    [...DECODER, ['allowRsv1', NO_FLAGS.filter((value) => value !== null)]],
  ],
  ['MessageDecoder', (options) => new MessageDecoder({ role: 'server', ...options }), MESSAGES],
  [
    'Connection',
    (options) => new Connection({ role: 'client', ...options }),
    [...MESSAGES, ['autoPong', NO_FLAGS], ['maxPendingPongs', [...NO_NUMBERS, 0]], ['maskingKey', NO_FUNCTIONS]],
  ],
  ['FrameEncoder', (options) => new FrameEncoder({ role: 'client', ...options }), [['maskingKey', NO_FUNCTIONS]]],
  [
    'PerMessageDeflate',
    (options) => new PerMessageDeflate(options),
    [
      ['level', ['best', 1, null]],
      ['threshold', NO_NUMBERS],
      ['deflateWindowBits', [...NO_NUMBERS, 7, 16, 8.5]],
      ['inflateWindowBits', [...NO_NUMBERS, 7, 16, 8.5]],
      ['deflateHashBits', [...NO_NUMBERS, 7, 13]],
      ['poolLength', [...NO_NUMBERS, 1, 2 ** 31]],
      ['deflateTakeover', NO_FLAGS],
      ['inflateTakeover', NO_FLAGS],
      ['kernel', ['native', null]],
    ],
  ],
];

describe.each(TAKERS)('%s', (_name, make, table) => {
  test.each(table)('refuses what %s cannot be', (name, values) => {
    for (const value of values) {
      expect(() => make({ [name]: value }), describeValue(value)).toThrow(name);
      expect(() => make({ [name]: undefined })).not.toThrow();
    }
  });
});

describe('a WebSocket over streams', () => {
  test.each<readonly [string, readonly unknown[]]>([
    ...STREAMS,
    ['requireOrigin', NO_FLAGS],
    ['secure', NO_FLAGS],
    ['refuse', NO_FUNCTIONS],
    ['origin', ['none', 5, null, [5], {}]],
  ])('of a server refuses what %s cannot be, and takes no stream', (name, values) => {
    for (const value of values) {
      const [, streams] = connectedStreams();
      expect(() => acceptWebSocket(streams, { [name]: value }), describeValue(value)).toThrow(name);
      expect([streams.readable.locked, streams.writable.locked]).toEqual([false, false]);
    }
  });

  test.each<readonly [string, readonly unknown[]]>([...STREAMS])(
    'of a client refuses what %s cannot be, and takes no stream',
    (name, values) => {
      for (const value of values) {
        const [streams] = connectedStreams();
        const options = { url: 'ws://localhost/', [name]: value };
        expect(() => connectWebSocket(streams, options), describeValue(value)).toThrow(name);
        expect([streams.readable.locked, streams.writable.locked]).toEqual([false, false]);
      }
    },
  );

  test('leaves the readable stream alone where the writable one is locked', () => {
    const [streams] = connectedStreams();
    streams.writable.getWriter();
    expect(() => connectWebSocket(streams, { url: 'ws://localhost/' })).toThrow(TypeError);
    expect(streams.readable.locked).toBe(false);
  });

  test('waits as long as it is told, not a millisecond', async () => {
    const [streams] = connectedStreams();
    const abort = new AbortController();
    const handshakeTimeout = Number.POSITIVE_INFINITY;
    const { opened } = connectWebSocket(streams, { url: 'ws://localhost/', handshakeTimeout, signal: abort.signal });
    const first = await Promise.race([
      opened.catch((error: Error) => error),
      new Promise((resolve) => setTimeout(resolve, 30, 'waits')),
    ]);
    expect(first).toBe('waits');
    abort.abort(new Error('enough'));
    await expect(opened).rejects.toThrow('enough');
  });
});

test('a value is described without calling anything of it', () => {
  const hostile = {
    toString: () => expect.unreachable('called'),
    [Symbol.toPrimitive]: () => expect.unreachable('called'),
  };
  expect([hostile, null, undefined, 'a"b', Symbol('s'), 1n, () => {}].map(describeValue)).toEqual([
    ...['an object', 'null', 'undefined', '"a\\"b"', 'Symbol(s)', '1', 'a function'],
  ]);
});
