// src/capture/packets.ts: one packet → its segment of TCP, or the reason why there is none.

import { describe, expect, it } from 'vitest';
import { readSegment, type Segment } from '../../../src/capture/packets.js';
import { IPV4, IPV6, ipPacket, LINKS } from '../../support/inputs/captures.js';

const packet = { from: 'client', sequenceNumber: 7, acknowledged: 9, payload: Buffer.from('hello') } as const;
const v4 = ipPacket(packet);
const v6 = ipPacket(packet, IPV6);
const RAW = 101;

/** The same packet, changed. */
function changed(bytes: Uint8Array, change: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy, new DataView(copy.buffer));
  return copy;
}

describe.each(Object.entries(LINKS))('%s', (_name, { type, wrap }) => {
  it.each([
    ['IPv4', v4, '10.0.0.1:50000'],
    ['IPv6', v6, '[2001:db8::1]:50000'],
  ])('%s', (_version, ip, source) => {
    expect(readSegment(type, wrap(ip))).toMatchObject({
      ...{ source, sequenceNumber: 7, acknowledged: 9, syn: false, fin: false, rst: false },
      payload: new Uint8Array(Buffer.from('hello')),
    });
  });

  it('cut off anywhere: short, or a segment with less of a payload', () => {
    for (const ip of [v4, v6]) {
      const whole = wrap(ip);
      for (let length = 0; length < whole.length; length++) {
        const got = readSegment(type, whole.subarray(0, length));
        if (got === 'short') continue;
        expect(got).toMatchObject({ sequenceNumber: 7 });
        expect((got as Segment).payload.length).toBeLessThanOrEqual(5);
      }
    }
  });
});

describe('what holds no segment', () => {
  it.each<[string, number, Uint8Array, string]>([
    ['a link layer that is not known', 147, v4, 'link'],
    ['ARP over Ethernet', 1, changed(LINKS.ethernet!.wrap(v4), (_b, view) => view.setUint16(12, 0x0806)), 'other'],
    ['ARP over cooked', 113, changed(LINKS.cooked!.wrap(v4), (_b, view) => view.setUint16(14, 0x0806)), 'other'],
    ['ARP over cooked v2', 276, changed(LINKS.cooked2!.wrap(v4), (_b, view) => view.setUint16(0, 0x0806)), 'other'],
    ['another version of IP', RAW, changed(v4, (bytes) => bytes.fill(0x55, 0, 1)), 'other'],
    ['UDP over IPv4', RAW, changed(v4, (bytes) => bytes.fill(17, 9, 10)), 'other'],
    ['UDP over IPv6', RAW, changed(v6, (bytes) => bytes.fill(17, 40, 41)), 'other'],
    ['a header of IPv4 that is too short', RAW, changed(v4, (bytes) => bytes.fill(0x44, 0, 1)), 'short'],
    ['a header of TCP that is too short', RAW, changed(v4, (bytes) => bytes.fill(0x40, 32, 33)), 'short'],
    ['a first fragment of IPv4', RAW, changed(v4, (_b, view) => view.setUint16(6, 0x2000)), 'fragment'],
    ['a later fragment of IPv4', RAW, changed(v4, (_b, view) => view.setUint16(6, 1)), 'fragment'],
    ['a fragment of IPv6', RAW, changed(v6, (bytes) => bytes.fill(44, 40, 41)), 'fragment'],
    ['nothing', RAW, new Uint8Array(0), 'short'],
  ])('%s', (_what, type, bytes, reason) => {
    expect(readSegment(type, bytes)).toBe(reason);
  });
});

it('a length of 0, as with segmentation offload: all that is there', () => {
  for (const bytes of [
    changed(v4, (_bytes, view) => view.setUint16(2, 0)),
    changed(v6, (_bytes, view) => view.setUint16(4, 0)),
  ]) {
    expect((readSegment(RAW, bytes) as Segment).payload).toEqual(new Uint8Array(Buffer.from('hello')));
  }
});

it.each([
  ['20010db8000100020003000400050006', '[2001:db8:1:2:3:4:5:6]'],
  ['20010db8000000010000000000000001', '[2001:db8:0:1::1]'],
  ['20010db8000000000001000000000001', '[2001:db8::1:0:0:1]'],
  ['00000000000000000000000000000001', '[::1]'],
  ['20010db8000000000000000000000000', '[2001:db8::]'],
  ['20010db8000000010000000200030004', '[2001:db8:0:1:0:2:3:4]'],
])('the address %s is %s (RFC 5952)', (client, text) => {
  const segment = readSegment(RAW, ipPacket(packet, { ...IPV4, client, server: IPV6.server })) as Segment;
  expect(segment.source).toBe(`${text}:50000`);
});
