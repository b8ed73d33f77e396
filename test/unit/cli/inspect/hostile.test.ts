// `wsimd inspect` on captures that are damaged anywhere: it tells what it finds, and never throws.

import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../../src/capture/byte-reader.js';
import type { Entry } from '../../../../src/cli/inspect/entries.js';
import { inspectCapture } from '../../../../src/cli/inspect/inspect-capture.js';
import { jsonLine } from '../../../../src/cli/inspect/json-lines.js';
import { TextLines } from '../../../../src/cli/inspect/text-lines.js';
import { styleFor } from '../../../../src/cli/terminal.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { captureOf, connectionOf, IPV4, IPV6 } from '../../../support/inputs/captures.js';
import { createRandom } from '../../../support/inputs/random.js';
import { DeflatingPeer } from '../../../support/peers/deflate-peer.js';

const client = new Peer('server');
const server = new Peer('client');
const REQUEST = Buffer.from(
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
);
const RESPONSE = Buffer.from(
  'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n' +
    'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
);

async function* inChunks(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += length) yield bytes.subarray(i, i + length);
}

async function inspect(bytes: Uint8Array, chunkLength: number) {
  const entries: Entry[] = [];
  const text = new TextLines({ style: styleFor({}), width: 48, isCapture: true });
  let lines = '';
  const report = await inspectCapture(new ByteReader(inChunks(bytes, chunkLength)), {
    maxPayload: 64,
    emit: (entry) => {
      entries.push(entry);
      lines += `${text.format(entry)}\n${jsonLine(entry, 64)}\n`;
    },
    flush: async () => {},
  });
  return { entries, report, lines };
}

const deflating = new DeflatingPeer();
const compressed = ['it is hello again', 'and again, it is hello'].map((text) =>
  client.text(deflating.deflate(text), { rsv: 4 }),
);

describe.each([
  { format: 'pcap', addresses: IPV4 },
  { format: 'pcapng', addresses: IPV6 },
] as const)('a damaged $format', ({ format, addresses }) => {
  const packets = connectionOf(
    [
      ['client', REQUEST],
      ['server', RESPONSE],
      ['client', stream(client.text('hello'), client.binary(new Uint8Array(300)), client.ping('p'), ...compressed)],
      ['server', stream(server.text('one ', { fin: false }), server.continuation('two'), server.close(1000, 'bye'))],
    ],
    { segmentLength: 60 },
  );
  const whole = captureOf(packets, { format, addresses, link: 'ethernet' });

  it('is the same however the file is cut into chunks', async () => {
    const { lines } = await inspect(whole, whole.length);
    expect(lines).toContain('one two');
    expect(lines).toContain('"and again, it is hello"');
    for (const length of [1, 7, 64, 1000]) expect((await inspect(whole, length)).lines).toBe(lines);
  });

  it('in a few bytes anywhere', async () => {
    const random = createRandom(20_231_114);
    let broken = 0;
    for (let round = 0; round < 1500; round++) {
      const bytes = whole.slice();
      for (let i = 1 + (random() % 6); i > 0; i--) bytes[random() % bytes.length] = random() >>> 24;
      const { entries, report } = await inspect(bytes, bytes.length);
      if (report.damage !== undefined || entries.some(({ type }) => type === 'violation' || type === 'note')) broken++;
    }
    expect(broken).toBeGreaterThan(200);
    // Long work, on a busy machine.
  }, 600_000);

  it('cut off anywhere', async () => {
    for (let length = 4; length < whole.length; length += 13) await inspect(whole.subarray(0, length), 512);
  });
});
