// src/testing/recordings.ts and replay.ts: what a capture holds, played to a connection. The captures are those of
// test/support/inputs/captures.ts, which shares nothing with src/; test/unit/cli/proxy.test.ts replays one that `wsimd proxy` wrote.

import { describe, expect, it } from 'vitest';
import { readRecordings, recordedBytes, replay, VirtualClock } from '../../../src/testing/index.js';
import { concat, Peer, stream } from '../../support/frames/wire.js';
import { type CaptureOptions, captureOf, connectionOf } from '../../support/inputs/captures.js';
import { describeEvents } from '../../support/oracles/replay.js';
import { DeflatingPeer } from '../../support/peers/deflate-peer.js';

type Said = readonly (readonly ['client' | 'server', Uint8Array])[];

const ascii = (text: string) => new TextEncoder().encode(text);
const headers = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const request = (...more: string[]) =>
  ascii(headers('GET /chat HTTP/1.1', 'Host: example.com', 'Upgrade: websocket', 'Connection: Upgrade', ...more));
const response = (...more: string[]) =>
  ascii(headers('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', ...more));

// What peers of a server send, and peers of a client.
const client = new Peer('server');
const server = new Peer('client');

async function recordingOf(said: Said, options?: CaptureOptions & { segmentLength?: number }) {
  const [recording] = await readRecordings(captureOf(connectionOf(said, options), options));
  return recording!;
}

const CHAT: Said = [
  ['client', request()],
  ['server', response()],
  ['client', stream(client.text('hello'), client.ping('p'))],
  ['server', stream(server.text('HELLO'), server.pong('p'))],
  ['client', stream(client.close(1000))],
  ['server', stream(server.close(1000))],
];

describe('a recording', () => {
  it.each(['pcap', 'pcap-nanoseconds', 'pcapng'] as const)('holds what both ends sent: %s', async (format) => {
    const recording = await recordingOf(CHAT, { format, segmentLength: 20 });
    expect(recording).toMatchObject({ client: '10.0.0.1:50000', server: '10.0.0.2:80', isWhole: true });
    for (const from of ['client', 'server'] as const) {
      const sent = CHAT.filter(([sender]) => sender === from).map(([, bytes]) => bytes);
      expect(recordedBytes(recording, from)).toEqual(concat(...sent));
    }
    const times = recording.entries.map(({ time }) => time);
    expect(times).toEqual(times.map((_, i) => i));
  });

  it('comes from a stream of the file as well', async () => {
    const file = captureOf(connectionOf(CHAT));
    const chunks = async function* () {
      for (let i = 0; i < file.length; i += 7) yield file.subarray(i, i + 7);
    };
    expect(await readRecordings(chunks())).toEqual(await readRecordings(file));
  });

  it('is not whole without its beginning, and cannot be replayed then', async () => {
    const [recording] = await readRecordings(captureOf(connectionOf(CHAT).slice(3)));
    expect(recording!.isWhole).toBe(false);
    expect(() => replay(recording!)).toThrow('not whole');
  });

  it('is not whole where bytes are missing', async () => {
    const packets = connectionOf(CHAT);
    const [recording] = await readRecordings(captureOf(packets.filter((_, i) => i !== 5)));
    expect(recording!.isWhole).toBe(false);
  });

  it('of no capture, or of a damaged one, is an error', async () => {
    await expect(readRecordings(ascii('GET / HTTP/1.1'))).rejects.toThrow('neither pcap nor pcapng');
    await expect(readRecordings(captureOf(connectionOf(CHAT)).slice(0, -3))).rejects.toThrow('cut off');
  });
});

describe('a replay', () => {
  it('gives a server what the recorded client sent, and a client what the server sent', async () => {
    const recording = await recordingOf(CHAT);
    const asServer = replay(recording);
    expect(describeEvents(asServer.end.takeEvents())).toEqual(['text "hello"', 'ping 70', 'close 1000 ""']);
    expect(asServer.request).toMatchObject({ method: 'GET', target: '/chat' });
    expect(asServer.response.status).toBe(101);
    // The answers to the ping and to the Close frame.
    expect(asServer.sent).toEqual(stream(server.pong('p'), server.close(1000)));
    const asClient = replay(recording, { role: 'client' });
    expect(describeEvents(asClient.end.takeEvents())).toEqual(['text "HELLO"', 'pong 70', 'close 1000 ""']);
    expect([asClient.end.hasEnded, asClient.end.lost]).toEqual([true, undefined]);
  });

  it('keeps the recorded times, and has the program answer', async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const { sent } = replay(await recordingOf(CHAT), {
      clock,
      onEvent: (event, connection) => {
        times.push(clock.now);
        if (event.type === 'text') connection.sendText(event.text.toUpperCase());
      },
    });
    // The request and the response came at 0 and 1.
    expect(times).toEqual([2, 2, 4]);
    expect(sent).toEqual(stream(server.text('HELLO'), server.pong('p'), server.close(1000)));
  });

  it.each([1, 2, 5])('gives the same events in reads of %i bytes', async (split) => {
    const recording = await recordingOf(CHAT);
    expect(describeEvents(replay(recording, { faults: { split } }).end.takeEvents())).toEqual(
      describeEvents(replay(recording).end.takeEvents()),
    );
  });

  it('inflates what was compressed as the recorded handshake negotiated', async () => {
    const zlib = new DeflatingPeer({ windowBits: 15, takeover: true });
    const texts = ['the quick brown fox', 'the quick brown fox again'];
    const frames = texts.map((text) => client.text(zlib.deflate(text), { rsv: 4 }));
    const recording = await recordingOf([
      ['client', request('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits')],
      ['server', response('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15')],
      ['client', stream(...frames)],
    ]);
    const { end } = replay(recording);
    expect(end.texts).toEqual(texts);
    expect(end.lost).toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
  });

  it('shows the rule that a recorded peer broke', async () => {
    const recording = await recordingOf([...CHAT.slice(0, 2), ['client', stream(server.text('not masked'))]]);
    expect(replay(recording).end.events).toMatchObject([{ type: 'error', error: { closeCode: 1002 } }]);
  });

  it('skips interim responses, and reads frames that came in the same segment as the response', async () => {
    const interim = ascii(headers('HTTP/1.1 103 Early Hints', 'Link: </x>'));
    const recording = await recordingOf([
      ['client', request()],
      ['server', concat(interim, response(), stream(server.text('first')))],
    ]);
    expect(replay(recording, { role: 'client' }).end.texts).toEqual(['first']);
  });

  it('says why there is nothing to replay', async () => {
    const rejected = await recordingOf([
      ['client', request()],
      ['server', ascii(headers('HTTP/1.1 403 Forbidden', 'Content-Length: 0'))],
    ]);
    expect(() => replay(rejected)).toThrow('answered 403');
    const silent = await recordingOf([['client', request()]]);
    expect(() => replay(silent)).toThrow('the recorded server sent no whole head');
  });
});
