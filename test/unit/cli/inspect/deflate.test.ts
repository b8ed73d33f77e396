// `wsimd inspect` on captures of compressed connections, compressed by zlib: both directions with contexts and windows of
// their own, and what is told where a capture does not have all of it.

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../../src/capture/byte-reader.js';
import { MAX_INFLATED_LENGTH } from '../../../../src/cli/inspect/conversation/inflater.js';
import type { Entry } from '../../../../src/cli/inspect/entries.js';
import { inspectCapture } from '../../../../src/cli/inspect/inspect-capture.js';
import { jsonLine } from '../../../../src/cli/inspect/json-lines.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { captureOf, connectionOf, type TcpPacket } from '../../../support/inputs/captures.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { DeflatingPeer } from '../../../support/peers/deflate-peer.js';

const client = new Peer('server');
const server = new Peer('client');
const heads = (offer: string, answer: string) =>
  [
    [
      'client',
      Buffer.from(
        'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
          `Sec-WebSocket-Extensions: ${offer}\r\n\r\n`,
      ),
    ],
    [
      'server',
      Buffer.from(
        'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n' +
          `Sec-WebSocket-Extensions: ${answer}\r\n\r\n`,
      ),
    ],
  ] as const;

async function inspect(packets: readonly TcpPacket[], maxPayload = 100_000) {
  const entries: Entry[] = [];
  async function* file(): AsyncGenerator<Uint8Array> {
    yield captureOf(packets);
  }
  await inspectCapture(new ByteReader(file()), {
    maxPayload,
    emit: (entry) => entries.push(entry),
    flush: async () => {},
  });
  return entries.map((entry) => JSON.parse(jsonLine(entry, maxPayload)) as Record<string, unknown>);
}

const ofType = (told: readonly Record<string, unknown>[], type: string) => told.filter((entry) => entry.type === type);
const heldBy = (told: readonly Record<string, unknown>[]) =>
  ofType(told, 'message').map(({ from, payload, inflatedLength }) => {
    const { text, hex } = payload as { text?: string; hex?: string };
    return [from, inflatedLength, text ?? hex];
  });

/** Words that come again and again, so that looking back pays. */
function wordsOf(length: number, seed: number): string {
  const random = createRandom(seed);
  let text = '';
  while (text.length < length) text += `${random() % 4000} `;
  return text;
}

describe.each([
  ['permessage-deflate', 15, true, 15, true],
  ['permessage-deflate; client_max_window_bits=10', 10, true, 15, true],
  ['permessage-deflate; server_max_window_bits=9; client_max_window_bits=15', 15, true, 9, true],
  ['permessage-deflate; client_no_context_takeover; server_max_window_bits=12', 15, false, 12, true],
  ['permessage-deflate; server_no_context_takeover; client_no_context_takeover', 15, false, 15, false],
] as const)('after %j', (answer, clientBits, clientKeeps, serverBits, serverKeeps) => {
  const offer =
    'permessage-deflate; client_max_window_bits; server_max_window_bits=15, permessage-deflate; client_max_window_bits';

  it('both directions are inflated, each with what it agreed on', async () => {
    const [ours, theirs] = [
      new DeflatingPeer({ windowBits: clientBits, takeover: clientKeeps }),
      new DeflatingPeer({ windowBits: serverBits, takeover: serverKeeps }),
    ];
    const parts: ['client' | 'server', Uint8Array][] = [];
    const said: unknown[] = [];
    for (let i = 0; i < 12; i++) {
      const text = wordsOf(100 + i * 3000, i % 3);
      const data = ours.deflate(text);
      const half = data.length >> 1;
      const options = { fin: false, rsv: 4 };
      parts.push([
        'client',
        i % 2 === 0
          ? stream(client.text(data, { rsv: 4 }))
          : stream(
              client.text(data.subarray(0, half), options),
              client.ping('p'),
              client.continuation(data.subarray(half)),
            ),
      ]);
      said.push(['client', text.length, text]);
      const bytes = Buffer.from(wordsOf(50 + i * 2000, i % 4));
      parts.push(['server', stream(server.binary(theirs.deflate(bytes), { rsv: 4 }))]);
      said.push(['server', bytes.length, bytes.toString('hex')]);
    }
    const told = await inspect(connectionOf([...heads(offer, answer), ...parts]));
    expect(ofType(told, 'violation')).toEqual([]);
    expect(heldBy(told)).toEqual(said);
  });

  it('what needs more than was agreed on is broken', async () => {
    // With the largest window, kept, which is too much in all but one case.
    const sender = new DeflatingPeer();
    const [first, second] = [randomBytes(20_000, 1), randomBytes(5, 2)];
    const parts = [];
    for (const data of [first, second, first]) {
      parts.push(['client', stream(client.binary(sender.deflate(data), { rsv: 4 }))] as const);
    }
    const told = await inspect(connectionOf([...heads(offer, answer), ...parts]), 4);
    const isAllowed = clientBits === 15 && clientKeeps;
    expect(heldBy(told).map(([, length]) => length)).toEqual(isAllowed ? [20_000, 5, 20_000] : [20_000, 5]);
    expect(ofType(told, 'violation').map(({ code, closeCode }) => [code, closeCode])).toEqual(
      isAllowed ? [] : [['WSIMD_INVALID_DEFLATE', 1007]],
    );
  });
});

it('an answer that was not offered is a broken rule, and the messages are told all the same', async () => {
  const sender = new DeflatingPeer();
  const parts = [['client', stream(client.text(sender.deflate('hello'), { rsv: 4 }))]] as const;
  for (const [offer, answer] of [
    ['permessage-deflate', 'permessage-deflate; client_max_window_bits=15'],
    ['permessage-deflate; server_no_context_takeover', 'permessage-deflate'],
    ['permessage-deflate', 'permessage-deflate; unknown=1'],
    ['permessage-deflate', 'permessage-deflate, permessage-deflate'],
  ] as const) {
    const told = await inspect(connectionOf([...heads(offer, answer), ...parts]));
    expect(ofType(told, 'violation')).toMatchObject([{ code: 'WSIMD_RESPONSE_EXTENSIONS', from: 'server' }]);
    expect(heldBy(told)).toEqual([['client', 5, 'hello']]);
  }
});

describe('where the capture does not have all', () => {
  const texts = Array.from({ length: 8 }, (_, i) => wordsOf(400, i % 2));
  const wire = async () => {
    const sender = new DeflatingPeer();
    const frames: Uint8Array[] = [];
    for (const text of texts) frames.push(stream(client.text(sender.deflate(text), { rsv: 4 })));
    return frames;
  };

  it('it begins in the middle: what needs no more than there is, is inflated', async () => {
    const [first, second, third, ...rest] = await wire();
    const fresh = new DeflatingPeer({ takeover: false }).deflate('no need of others');
    const parts = [first!, second!, third!, stream(client.text(fresh, { rsv: 4 })), ...rest].map(
      (bytes) => ['client', bytes] as const,
    );
    // Without the SYN and the first message.
    const told = await inspect(connectionOf(parts).slice(4));
    expect(ofType(told, 'violation')).toEqual([]);
    const held = heldBy(told);
    expect(held.length).toBe(parts.length - 1);
    expect(held.filter(([, length]) => length !== null)).toEqual([['client', 17, 'no need of others']]);
    expect(ofType(told, 'note').length).toBe(parts.length - 2);
  });

  it('a hole loses the context, unless each message begins a new one', async () => {
    for (const keepsContext of [true, false]) {
      const answer = `permessage-deflate${keepsContext ? '' : '; client_no_context_takeover'}`;
      const sender = new DeflatingPeer({ takeover: keepsContext });
      const parts: ['client' | 'server', Uint8Array][] = [];
      for (const text of texts) {
        parts.push(['client', stream(client.text(sender.deflate(text), { rsv: 4 }))]);
        parts.push(['server', stream(server.text('ok'))]);
      }
      const packets = connectionOf([...heads('permessage-deflate', answer), ...parts]);
      // The segment of the third message.
      const sent = packets.filter(({ from, payload }) => from === 'client' && payload !== undefined);
      const told = await inspect(packets.filter((packet) => packet !== sent[3]));
      expect(ofType(told, 'violation')).toEqual([]);
      const held = heldBy(told).filter(([from]) => from === 'client');
      expect(held.map(([, length]) => length !== null)).toEqual(
        keepsContext ? [true, true, false, false, false, false, false] : Array(7).fill(true),
      );
      expect(held.slice(0, 2).map(([, , text]) => text)).toEqual(texts.slice(0, 2));
      if (!keepsContext) expect(held.slice(2).map(([, , text]) => text)).toEqual(texts.slice(3));
    }
  });
});

it('a bomb is told, and not inflated to its end', async () => {
  // A block of zeros that ends on a byte, as often as it takes: 1,032 times as long as what is sent.
  const zeros = deflateRawSync(new Uint8Array(2 ** 24), { finishFlush: constants.Z_FULL_FLUSH });
  const bomb = Buffer.concat(Array(MAX_INFLATED_LENGTH / 2 ** 24 + 1).fill(zeros));
  const parts = [['server', stream(server.binary(bomb, { rsv: 4 }), server.text('after'))]] as const;
  const told = await inspect(connectionOf([...heads('permessage-deflate', 'permessage-deflate'), ...parts]), 16);
  expect(ofType(told, 'note').map(({ text }) => text)).toEqual([
    expect.stringMatching(
      /^the compressed message from byte \d+ on cannot be inflated: it holds more than 268,435,456 bytes$/,
    ),
  ]);
  expect(ofType(told, 'violation')).toEqual([]);
  expect(ofType(told, 'message')).toMatchObject([{ inflatedLength: null }, { payload: { text: 'after' } }]);
});
