// src/cli/inspect/ in the tests' own process: conversations that are rarer than those of captures.test.ts, inputs that cannot be
// read, and the output for times and for bytes from the middle.

import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../../../src/capture/byte-reader.js';
import { guessSender, looksLikeFrame } from '../../../../../src/capture/looks-like-frame.js';
import { Conversation } from '../../../../../src/cli/inspect/conversation/conversation.js';
import type { Entry } from '../../../../../src/cli/inspect/entries.js';
import { decodeInput } from '../../../../../src/cli/inspect/input-format.js';
import { inspectCapture } from '../../../../../src/cli/inspect/inspect-capture.js';
import { dateOf } from '../../../../../src/cli/inspect/text-lines.js';
import { Peer, stream } from '../../../../support/frames/wire.js';
import { captureOf, connectionOf } from '../../../../support/inputs/captures.js';
import { REQUEST, RESPONSE } from '../../../../support/programs/inspected.js';

const client = new Peer('server');
const server = new Peer('client');

/** A conversation of which the capture has everything, and what it has told. */
function start() {
  const entries: Entry[] = [];
  const conversation = new Conversation({
    ...{ connection: 1, isWhole: true, isAligned: false, extensions: undefined, maxPayload: 64 },
    emit: (entry) => entries.push(entry),
  });
  return {
    conversation,
    told: () =>
      entries.map((entry) =>
        entry.type === 'note' ? `note: ${entry.text}` : `${entry.type} of the ${'from' in entry && entry.from}`,
      ),
  };
}

describe('a conversation', () => {
  it('an interim response before the one that switches', () => {
    const { conversation, told } = start();
    conversation.data('client', Buffer.from(REQUEST));
    conversation.data('server', Buffer.from(`HTTP/1.1 103 Early Hints\r\n\r\n${RESPONSE}`));
    conversation.data('server', stream(server.text('hi')));
    conversation.end();
    expect(told()).toEqual([
      'request of the client',
      'response of the server',
      'response of the server',
      'frame of the server',
      'message of the server',
    ]);
  });

  it('frames of a client whose answer is not in the capture: told at a mebibyte, or at the end', () => {
    const frame = stream(client.binary(new Uint8Array(300_000)));
    for (const [frames, isTold] of [
      [2, false],
      [4, true],
    ] as const) {
      const { conversation, told } = start();
      conversation.data('client', Buffer.from(REQUEST));
      for (let i = 0; i < frames; i++) conversation.data('client', frame);
      expect(told().length > 1).toBe(isTold);
      conversation.end();
      const note = `note: ${(frames * frame.length).toLocaleString('en')} bytes after the head, and no answer in the capture`;
      expect(told().slice(0, 2)).toEqual(['request of the client', note]);
      expect(told().filter((line) => line === 'message of the client')).toHaveLength(frames);
    }
  });

  it('a hole before a head has ended, one behind a failed handshake, an end inside a head, a reset', () => {
    const hole = start();
    hole.conversation.data('client', Buffer.from(REQUEST.slice(0, 50)));
    hole.conversation.gap('client', 100);
    hole.conversation.data('client', stream(client.text('found')));
    hole.conversation.end();
    expect(hole.told()).toContain('note: 100 bytes from byte 50 on are not in the capture');
    expect(hole.told()).toContain('message of the client');

    const failed = start();
    failed.conversation.data('client', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    const before = failed.told();
    failed.conversation.gap('client', 100);
    failed.conversation.data('server', Buffer.from(RESPONSE));
    failed.conversation.end();
    expect(failed.told()).toEqual(before);

    const cut = start();
    cut.conversation.data('client', Buffer.from(REQUEST.slice(0, 50)));
    cut.conversation.end(true);
    expect(cut.told()).toEqual(['note: the bytes end inside the head', 'note: the connection was reset']);
  });

  it('a hole, and nothing behind it that begins as a frame does', () => {
    const { conversation, told } = start();
    conversation.data('client', Buffer.from(REQUEST));
    conversation.data('server', Buffer.from(RESPONSE));
    conversation.gap('server', 10);
    conversation.data('server', new Uint8Array(5).fill(0xff));
    conversation.gap('client', 10);
    conversation.end();
    expect(told().slice(-3)).toEqual([
      expect.stringContaining('note: 10 bytes from byte '),
      expect.stringContaining('note: 10 bytes from byte '),
      expect.stringContaining('note: no frame was found in 5 bytes from byte '),
    ]);
  });
});

it('ports that are used again behind a connection whose beginning is not in the capture', async () => {
  const open = connectionOf([
    ['client', Buffer.from(REQUEST)],
    ['server', Buffer.from(RESPONSE)],
    ['client', stream(client.text('new'))],
  ]);
  const capture = captureOf([
    { from: 'client', sequenceNumber: 500, acknowledged: 900, payload: stream(client.text('old')) },
    { from: 'client', sequenceNumber: 509, acknowledged: 900, flags: 'R' },
    ...open,
  ]);
  const entries: Entry[] = [];
  async function* whole() {
    yield capture;
  }
  const report = await inspectCapture(new ByteReader(whole()), {
    maxPayload: 64,
    emit: (entry) => entries.push(entry),
    flush: async () => {},
  });
  expect(report).toEqual({ damage: undefined, notes: [], isEmpty: false });
  expect(entries.flatMap((entry) => (entry.type === 'connection' ? [entry.info.isWhole] : []))).toEqual([false, true]);
  const texts = entries.flatMap((entry) => (entry.type === 'message' ? [Buffer.from(entry.payload).toString()] : []));
  expect(texts).toEqual(['old', 'new']);
});

describe('looksLikeFrame', () => {
  it.each<[string, number[], 'client' | 'server', boolean]>([
    ['a text', [0x81, 5], 'server', true],
    ['a masked text', [0x81, 0x85], 'client', true],
    ['a masked one of a server', [0x81, 0x85], 'server', false],
    ['an unmasked one of a client', [0x81, 5], 'client', false],
    ['one byte', [0x81], 'server', false],
    ['a continuation', [0x80, 5], 'server', false],
    ['a reserved opcode', [0x83, 5], 'server', false],
    ['RSV1', [0xc1, 5], 'server', true],
    ['RSV2', [0xa1, 5], 'server', false],
    ['a ping', [0x89, 5], 'server', true],
    ['a ping with RSV1', [0xc9, 5], 'server', false],
    ['a ping without FIN', [0x09, 5], 'server', false],
    ['a ping that is too long', [0x89, 126], 'server', false],
    ['a reserved control opcode', [0x8b, 5], 'server', false],
    ['16 bits of length', [0x82, 126, 1, 0], 'server', true],
    ['16 bits where 7 would do', [0x82, 126, 0, 125], 'server', false],
    ['16 bits, not all there', [0x82, 126, 0], 'server', true],
    ['64 bits of length', [0x82, 127, 0, 0], 'server', true],
    ['64 bits of more than anybody sends', [0x82, 127, 0, 1], 'server', false],
    ['64 bits with the top bit', [0x82, 127, 0x80, 0], 'server', false],
    ['64 bits, not all there', [0x82, 127, 0], 'server', true],
  ])('%s: %j from the %s: %s', (_what, bytes, from, expected) => {
    expect(looksLikeFrame(Uint8Array.from(bytes), from, true)).toBe(expected);
  });

  it('RSV1 is a frame only where an extension may own it', () => {
    expect(looksLikeFrame(Uint8Array.of(0xc1, 5), 'server', false)).toBe(false);
  });
});

it.each<[string, Uint8Array, number, number, 'client' | 'server']>([
  ['a request', Buffer.from('GET / HTTP/1.1'), 80, 50_000, 'client'],
  ['a response', Buffer.from('HTTP/1.1 101'), 50_000, 80, 'server'],
  ['a port that systems give clients', Uint8Array.of(0x81, 5), 50_000, 8080, 'client'],
  ['a port that servers have', Uint8Array.of(0x81, 0x85), 8080, 50_000, 'server'],
  ['two such ports, masked', Uint8Array.of(0x81, 0x85), 40_000, 50_000, 'client'],
  ['two such ports, not masked', Uint8Array.of(0x81, 5), 40_000, 50_000, 'server'],
])('who has sent it: %s', (_what, bytes, source, destination, expected) => {
  expect(guessSender(bytes, source, destination)).toBe(expected);
});

it.each([
  ['base64', 'gQJ', undefined, '8102'],
  ['base64', 'gQJo\naQ==', undefined, '81026869'],
  ['base64', 'gQJoa', 'not Base64: a character is missing at the end', ''],
  ['base64', 'gQ.o', 'not Base64: "." is none of its characters', ''],
  ['hex', '81 02 68 69', undefined, '81026869'],
  ['hex', '81 xx', /^not hex: /, ''],
  ['raw', 'ab', undefined, '6162'],
] as const)('as %s, %j', (format, text, error, hex) => {
  const decode = () => Buffer.from(decodeInput(Buffer.from(text), format)).toString('hex');
  if (error === undefined) expect(decode()).toBe(hex);
  else expect(decode).toThrow(error);
});

it.each([
  [0n, '1970-01-01T00:00:00.000000000Z'],
  [1_700_000_000_123_456_789n, '2023-11-14T22:13:20.123456789Z'],
  [-1n, '1969-12-31T23:59:59.999999999Z'],
  [10n ** 25n, '10000000000000000000000000 ns after 1970'],
  [undefined, 'at an unknown time'],
])('the time %s is %s', (nanoseconds, text) => {
  expect(dateOf(nanoseconds)).toBe(text);
});
