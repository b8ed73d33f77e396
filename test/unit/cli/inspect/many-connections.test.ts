// `wsimd inspect` on captures of more connections than it keeps: memory stays bounded, what is given up is said, and connections
// that are in use are followed all the same.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Segment } from '../../../../src/capture/packets.js';
import { RecentlyUsed } from '../../../../src/capture/recently-used.js';
import { type ConnectionLimits, TcpConnections } from '../../../../src/capture/tcp-connections.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { captureOfIp, IPV4, ipPacket } from '../../../support/inputs/captures.js';
import { ofType, REQUEST, RESPONSE, toldIn } from '../../../support/programs/inspected.js';
import { MAIN } from '../../../support/servers/serve.js';

describe('wsimd inspect', () => {
  it('60,000 connections of one packet fit in a small heap, and do not displace one that is in use', async () => {
    const peer = new Peer('server');
    const payloads = [
      Buffer.from('no frame, and no head'),
      Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n'),
      Buffer.of(0x81, 5),
    ];
    const start = { client: 1000, server: 2000 };
    const packets: Uint8Array[] = [];
    const say = (from: 'client' | 'server', payload: Uint8Array, flags = '') => {
      packets.push(ipPacket({ from, sequenceNumber: start[from], payload, flags }));
      start[from] += payload.length + (flags === 'S' ? 1 : 0);
    };
    say('client', new Uint8Array(0), 'S');
    say('client', Buffer.from(REQUEST));
    say('server', Buffer.from(RESPONSE));
    for (let i = 0; i < 60_000; i++) {
      const addresses = { ...IPV4, client: `10.1.${i >> 14}.1`, clientPort: 2000 + (i & 16_383) };
      // Every fourth only knocks.
      const payload = i % 4 === 3 ? new Uint8Array(0) : payloads[i % 4]!;
      const flags = i % 4 === 3 ? 'S' : '';
      packets.push(ipPacket({ from: 'client', sequenceNumber: 1, payload, flags }, addresses));
      if (i % 5000 === 0) say('client', stream(peer.text(`message ${i / 5000}`)));
    }
    const child = spawn(process.execPath, ['--max-old-space-size=100', MAIN, 'inspect', '--json', '-']);
    const closed = once(child, 'close');
    const stderr = child.stderr.toArray();
    child.stdin.on('error', () => {});
    child.stdin.end(captureInParts(packets));
    let ours = '';
    let givenUp = 0;
    let rest = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.includes('"connection":1,')) ours += `${line}\n`;
        if (line.includes('given up here')) givenUp++;
      }
    }
    expect((await closed)[0]).toBe(0);
    const messages = ofType(toldIn(ours), 'message').map(({ payload }) => (payload as { text: string }).text);
    expect(messages).toEqual(Array.from({ length: 12 }, (_, i) => `message ${i}`));
    expect(ours).not.toContain('given up');
    // All but those that are kept.
    expect(givenUp).toBe(45_001 - 16_384);
    expect(Buffer.concat((await stderr) as Buffer[]).toString()).toBe(
      `wsimd: ${(45_001 - 16_384).toLocaleString('en')} connections given up before the end, to bound memory: see the output\n`,
    );
  }, 300_000);
});

/** A capture of more packets than a call has arguments. */
function captureInParts(packets: readonly Uint8Array[]): Buffer {
  const fileHeaderLength = 24;
  const parts: Uint8Array[] = [];
  for (let i = 0; i < packets.length; i += 1000) {
    parts.push(captureOfIp(packets.slice(i, i + 1000), { link: 'raw' }).subarray(i === 0 ? 0 : fileHeaderLength));
  }
  return Buffer.concat(parts);
}

describe('TcpConnections', () => {
  const none = new Uint8Array(0);
  const segment = (client: string, more: Partial<Segment> = {}): Segment => ({
    source: client,
    destination: 'server:80',
    sourcePort: 1,
    destinationPort: 80,
    sequenceNumber: 1,
    acknowledged: undefined,
    syn: false,
    fin: false,
    rst: false,
    payload: none,
    ...more,
  });
  const syn = { syn: true, sequenceNumber: 0 };
  const letter = (sequenceNumber: number, length = 1) => ({ sequenceNumber, payload: new Uint8Array(length).fill(65) });

  /** Tells of each connection what became of it; a sink holds what it was given where its client's name begins with "h". */
  function follow(limits: Partial<ConnectionLimits>) {
    const told: string[] = [];
    const connections = new TcpConnections(
      {
        guessSender: () => 'client',
        open: ({ client, number }) => {
          told.push(`${number} ${client}`);
          const sink = {
            heldLength: 0,
            isDone: false,
            data: (_: unknown, bytes: Uint8Array) => {
              if (client.startsWith('h')) sink.heldLength += bytes.length;
              if (client.startsWith('d')) sink.isDone = true;
            },
            gap: () => {},
            forget: () => void told.push(`${number} forgotten`),
            end: () => void told.push(`${number} ends`),
          };
          return sink;
        },
      },
      { open: 100, silent: 100, over: 100, heldBytes: 1_000_000, ...limits },
    );
    const push = (...segments: Segment[]) => {
      for (const one of segments) connections.push(one, 0n);
    };
    return { told, connections, push };
  }

  it('forgets the one whose last packet is longest ago; another packet of it begins a new one', () => {
    const { told, connections, push } = follow({ open: 2 });
    push(segment('a', letter(1)), segment('b', letter(1)), segment('a', letter(2)), segment('c', letter(1)));
    push(segment('b', letter(2)));
    expect(told).toEqual(['1 a', '2 b', '3 c', '2 forgotten', '2 ends', '4 b', '1 forgotten', '1 ends']);
    expect(connections.forgotten).toEqual({ open: 2, silent: 0 });
  });

  it('connections without bytes displace each other only', () => {
    const { told, connections, push } = follow({ open: 2, silent: 2 });
    push(segment('a', letter(1)));
    for (let i = 0; i < 50; i++) push(segment(`s${i}`, syn));
    push(segment('a', letter(2)), segment('s49', letter(1)));
    expect(told).toEqual(['1 a', '2 s49']);
    expect(connections.forgotten).toEqual({ open: 0, silent: 48 });
  });

  it('forgets those that hold most, until there is room', () => {
    const { told, push } = follow({ heldBytes: 1000 });
    push(
      segment('h1', letter(1, 100)),
      segment('h2', letter(1, 500)),
      segment('h3', letter(1, 300)),
      segment('a', letter(1)),
    );
    push(segment('h1', letter(101, 200)));
    expect(told.slice(4)).toEqual(['2 forgotten', '2 ends', '3 forgotten', '3 ends']);
    // One alone may hold more.
    push(segment('h1', letter(301, 5000)));
    expect(told.slice(8)).toEqual([]);
  });

  it('counts what waits for a segment that is missing', () => {
    const { told, push } = follow({ heldBytes: 1000 });
    push(segment('a', syn), segment('a', letter(11, 800)), segment('b', syn), segment('b', letter(11, 800)));
    expect(told).toEqual(['1 a', '1 forgotten', '1 ends']);
  });

  it('ends one of which no more can be read, and knows its late packets and those of others that are over', () => {
    const { told, push } = follow({ over: 2 });
    push(segment('d', letter(1)), segment('d', letter(2)), segment('a', letter(1)), segment('a', { rst: true }));
    push(segment('a', letter(2)), segment('d', letter(3)));
    expect(told).toEqual(['1 d', '1 ends', '2 a', '2 ends']);
    // Ports are used again.
    push(segment('a', syn), segment('a', letter(1)));
    expect(told.slice(4)).toEqual(['3 a']);
  });
});

it('RecentlyUsed evicts in order of use', () => {
  const map = new RecentlyUsed<number>(3);
  for (const [i, key] of ['a', 'b', 'c'].entries()) expect(map.set(key, i)).toBe(undefined);
  expect(map.get('a')).toBe(0);
  expect(map.set('d', 3)).toBe(1);
  expect(map.set('c', 4)).toBe(undefined);
  map.delete('d');
  expect(map.set('e', 5)).toBe(undefined);
  expect(map.set('f', 6)).toBe(0);
  expect([...map.values()].sort()).toEqual([4, 5, 6]);
  expect(map.get('a')).toBe(undefined);
});
