// RFC 8441: the vectors over streams of HTTP/2, where the bytes of a stream are the frames of RFC 6455 and nothing else, and the
// rules of sections 3 to 5. Our server reads what a client of node:http2 writes.

import { readdirSync, readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, type WebSocketError, WebSocketServer } from '../../src/node/index.js';
import { referenceDecode } from '../support/oracles/reference-decoder.js';
import { Counts } from './replay/counts.js';
import { eventLine } from './replay/event-log.js';
import { readVector, splitVectors, type TextVector, type VectorSource } from './replay/format.js';
import { bytesFor, describeBytes } from './replay/wire-bytes.js';

const folder = new URL('vectors/', import.meta.url);
/** Of the long files, one vector in so many. */
const SAMPLE = 40;
const MANY = 100;
/** What streams can show: what a server makes of what comes, without options. Long ones and those of limits stay out. */
const isFit = ({ roles, options, closing, chops }: TextVector) =>
  roles.includes('server') && Object.keys(options).length === 0 && closing === undefined && chops === undefined;

const sources: VectorSource[] = [];
for (const name of readdirSync(folder).sort()) {
  const vectors = splitVectors(readFileSync(new URL(name, folder), 'utf8'));
  const sample = vectors.length < MANY ? vectors : vectors.filter((_, i) => i % SAMPLE === 0);
  sources.push(...sample.filter((source) => isFit(readVector(source))));
}

const httpServer = createServer({ settings: { enableConnectProtocol: true } });
const server = new WebSocketServer({ server: httpServer, textAs: 'string', closeTimeout: 1000 });
server.setMaxListeners(100);
const counts = new Counts(['streams']);
let session: ClientHttp2Session;
let port: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  ({ port } = httpServer.address() as AddressInfo);
  session = connect(`http://127.0.0.1:${port}`);
});
afterAll(() => {
  session.destroy();
  httpServer.close();
  counts.print(sources.length);
});

const CONNECT: OutgoingHttpHeaders = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'http',
  ':path': '/',
  'sec-websocket-version': '13',
};

/** Asks for a WebSocket. @param headers undefined leaves one out */
function request(headers: OutgoingHttpHeaders = {}): {
  stream: ClientHttp2Stream;
  answered: Promise<IncomingHttpHeaders>;
} {
  const all = Object.entries({ ...CONNECT, ':authority': `127.0.0.1:${port}`, ...headers });
  const stream = session.request(Object.fromEntries(all.filter(([, value]) => value !== undefined)), {
    endStream: false,
  });
  stream.on('error', () => {});
  const answered = new Promise<IncomingHttpHeaders>((resolve, reject) => {
    stream.on('response', resolve);
    stream.on('close', () => reject(new Error(`reset with ${stream.rstCode}`)));
  });
  return { stream, answered };
}

async function open(headers?: OutgoingHttpHeaders) {
  const opened = new Promise<WebSocket>((resolve) => server.once('connection', (webSocket) => resolve(webSocket)));
  const { stream, answered } = request(headers);
  const webSocket = await opened;
  return { stream, webSocket, answer: await answered };
}

/** Sends the vector's bytes, as they are or in pieces, and holds what the server makes of them against what must come. */
async function replay(vector: TextVector, pieceLength: number): Promise<void> {
  const { stream, webSocket } = await open();
  const lines: string[] = [];
  const text = (value: unknown) => describeBytes(Buffer.from(value as string));
  webSocket.on('message', (data, isBinary) =>
    lines.push(isBinary ? `binary ${describeBytes(data as unknown as Buffer)}` : `text ${text(data)}`),
  );
  webSocket.on('ping', (payload) => lines.push(`ping ${describeBytes(payload)}`));
  webSocket.on('pong', (payload) => lines.push(`pong ${describeBytes(payload)}`));
  webSocket.on('error', (error) => lines.push(`error ${(error as WebSocketError).cause.code}`));
  const closed = new Promise<void>((resolve) => {
    webSocket.on('close', (code, reason) => {
      if (code !== 1006) lines.push(`close ${code} ${describeBytes(reason)}`);
      resolve();
    });
  });
  const received: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => received.push(chunk));
  const ended = new Promise((resolve) => stream.on('close', resolve));

  const bytes = bytesFor(vector.frames, 'server');
  for (let from = 0; from < bytes.length; from += pieceLength) {
    stream.write(bytes.slice(from, from + pieceLength));
    // The next piece is a DATA frame of its own.
    if (pieceLength < bytes.length) await new Promise(setImmediate);
  }
  stream.end();
  await Promise.all([closed, ended]);

  const { failure, events, out } = vector;
  expect(lines).toEqual([...events.map(eventLine), ...(failure === undefined ? [] : [`error WSIMD_${failure.rule}`])]);
  const sent = Buffer.concat(received);
  const read = referenceDecode(sent, { role: 'client' });
  expect(read.frames.map(({ opcode, payload }) => `${opcode} ${describeBytes(payload)}`)).toEqual(
    out.map(({ opcode, payload }) => `${opcode} ${describeBytes(payload)}`),
  );
  expect(read.end).toBe(sent.length);
}

describe('section 5: the stream carries the frames of RFC 6455', () => {
  it.each(sources.map((source) => [`${source.section} ${source.title}`, source] as const))('%s', async (_, source) => {
    const vector = readVector(source);
    await replay(vector, Number.POSITIVE_INFINITY);
    await replay(vector, 3);
    counts.add(source.section, [2]);
  });

  it('masked by clients, not by servers', async () => {
    const { stream, webSocket } = await open();
    const error = new Promise<Error>((resolve) => webSocket.on('error', resolve));
    stream.write(Uint8Array.of(0x81, 1, 0x61));
    expect(await error).toMatchObject({ cause: { code: 'WSIMD_NOT_MASKED' } });
    stream.destroy();
  });

  it('many at once on one connection, of which a fault ends its own', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, async () => open()));
    const [bad, ...good] = all;
    const failed = new Promise((resolve) => bad!.stream.on('close', resolve));
    bad!.stream.on('data', () => {});
    bad!.stream.end(Uint8Array.of(0xff));
    await failed;
    for (const { stream } of good) {
      const answer = new Promise<Buffer>((resolve) => stream.once('data', resolve));
      stream.write(Uint8Array.of(0x89, 0x80, 1, 2, 3, 4));
      expect([...(await answer)]).toEqual([0x8a, 0]);
      stream.destroy();
    }
  });
});

describe('section 3: SETTINGS_ENABLE_CONNECT_PROTOCOL', () => {
  it('is 1 with a server that was told so', async () => {
    if (session.remoteSettings.enableConnectProtocol === undefined) {
      await new Promise((resolve) => session.once('remoteSettings', resolve));
    }
    expect(session.remoteSettings.enableConnectProtocol).toBe(true);
  });

  it('is not, and our client does not ask', async () => {
    const plain = createServer((_request, response) => response.end());
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const other = connect(`http://127.0.0.1:${(plain.address() as AddressInfo).port}`);
    other.on('error', () => {});
    const client = new WebSocket('ws://127.0.0.1/', { session: other });
    const error = await new Promise<Error>((resolve) => client.on('error', resolve));
    expect(error).toBeInstanceOf(Error);
    other.destroy();
    plain.close();
  });
});

describe('section 4, 5: the request', () => {
  it('is accepted with 200, and no Sec-WebSocket-Accept', async () => {
    const { stream, answer } = await open();
    expect(answer[':status']).toBe(200);
    for (const name of ['sec-websocket-accept', 'upgrade', 'connection']) expect(answer[name]).toBeUndefined();
    stream.destroy();
  });

  it('is accepted with a malformed extension by a server without extensions, as with ws', async () => {
    const { stream, answer } = await open({ 'sec-websocket-extensions': 'a;;' });
    expect(answer[':status']).toBe(200);
    stream.destroy();
  });

  it.each<[string, OutgoingHttpHeaders, number]>([
    ['another version', { 'sec-websocket-version': '12' }, 426],
    ['no version', { 'sec-websocket-version': undefined }, 426],
    ['a subprotocol that is no token', { 'sec-websocket-protocol': 'a b' }, 400],
    ['another protocol', { ':protocol': 'chat' }, 501],
  ])('is refused: %s', async (_name, headers, status) => {
    const { stream, answered } = request(headers);
    const outcome = await answered.then(
      (answer) => answer[':status'],
      (error: Error) => error.message,
    );
    expect(outcome).toBe(status);
    stream.destroy();
  });
});
