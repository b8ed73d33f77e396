// src/capture/capture-file.ts and pcapng.ts: files → packets with their times; what is damaged is said with its
// place.

import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/capture/byte-reader.js';
import { readCapture } from '../../../src/capture/capture-file.js';
import { concat } from '../../support/frames/wire.js';
import { captureOfIp, ipPacket } from '../../support/inputs/captures.js';

const SECONDS = 1_700_000_000n * 1_000_000_000n;
const packets = [1, 2].map((sequenceNumber) => ipPacket({ from: 'client', sequenceNumber }));

async function packetsOf(bytes: Uint8Array) {
  async function* whole() {
    yield bytes;
  }
  const all = [];
  for await (const packet of readCapture(new ByteReader(whole()))) all.push(packet);
  return all;
}

/** Numbers of a byte order. */
function numbers(littleEndian: boolean) {
  const number = (length: number, set: (view: DataView) => void) => {
    const bytes = new Uint8Array(length);
    set(new DataView(bytes.buffer));
    return bytes;
  };
  return {
    n16: (value: number) => number(2, (view) => view.setUint16(0, value, littleEndian)),
    n32: (value: number) => number(4, (view) => view.setUint32(0, value, littleEndian)),
    n64: (value: bigint) => number(8, (view) => view.setBigUint64(0, value, littleEndian)),
  };
}

describe.each([true, false])('little-endian: %s', (littleEndian) => {
  const { n16, n32, n64 } = numbers(littleEndian);
  const block = (type: number, ...body: Uint8Array[]) => {
    const content = concat(...body);
    const length = n32(12 + content.length);
    return concat(n32(type), length, content, length);
  };
  const section = block(0x0a0d0d0a, n32(0x1a2b3c4d), n16(1), n16(0), n64(0xffffffffffffffffn));
  const option = (code: number, value: Uint8Array) =>
    concat(n16(code), n16(value.length), value, new Uint8Array((4 - (value.length % 4)) % 4));
  const interfaceOf = (...options: Uint8Array[]) => block(1, n16(101), n16(0), n32(0), ...options);
  const enhanced = (id: number, time: bigint, bytes: Uint8Array, captured = bytes.length) =>
    block(6, n32(id), n32(Number(time >> 32n)), n32(Number(time & 0xffffffffn)), n32(captured), n32(captured), bytes);
  const data = Uint8Array.of(0x45, 1, 2, 3);

  it.each(['pcap', 'pcap-nanoseconds', 'pcapng'] as const)('%s', async (format) => {
    const read = await packetsOf(captureOfIp(packets, { format, littleEndian, link: 'raw' }));
    expect(read).toEqual([
      { time: SECONDS, linkType: 101, bytes: packets[0] },
      { time: SECONDS + 1_000_000n, linkType: 101, bytes: packets[1] },
    ]);
  });

  it('pcapng: clocks of microseconds, of powers of ten and of two, with an offset', async () => {
    const file = concat(
      section,
      interfaceOf(),
      interfaceOf(option(9, Uint8Array.of(3))),
      interfaceOf(option(2, Buffer.from('eth0')), option(9, Uint8Array.of(0x8a))),
      interfaceOf(option(14, n64(100n)), option(0, new Uint8Array(0)), option(9, Uint8Array.of(0))),
      // Options that are too short to be what they say, and one that goes on behind the block.
      interfaceOf(option(9, new Uint8Array(0)), option(14, new Uint8Array(4)), concat(n16(9), n16(100))),
      ...[5_000_000n, 5000n, 5n * 1024n, 5_000_000n, 5_000_000n].map((time, id) => enhanced(id, time, data)),
    );
    expect((await packetsOf(file)).map(({ time }) => time / 1_000_000_000n)).toEqual([5n, 5n, 5n, 105n, 5n]);
  });

  it('pcapng: packets in their older and simpler forms, and blocks that are none', async () => {
    const file = concat(
      section,
      interfaceOf(),
      block(4, new Uint8Array(8)),
      block(3, n32(4), data),
      block(2, n16(0), n16(0), n32(0), n32(1_000_000), n32(4), n32(4), data),
    );
    expect(await packetsOf(file)).toEqual([
      { time: 0n, linkType: 101, bytes: data },
      { time: 1_000_000_000n, linkType: 101, bytes: data },
    ]);
  });

  it('pcapng: a section begins anew, with interfaces of its own', async () => {
    const file = concat(section, interfaceOf(), enhanced(0, 0n, data), section, enhanced(0, 0n, data));
    await expect(packetsOf(file)).rejects.toThrow(/damaged at byte \d+ of the file: there is no interface 0/);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a section without its byte order', block(0x0a0d0d0a, n32(1), new Uint8Array(12)), /without its byte order/],
    ['a block that says it is too short', concat(section, n32(5), n32(8), new Uint8Array(4)), /byte 28 /],
    ['a block whose length is not whole', concat(section, n32(5), n32(14), new Uint8Array(4)), /byte 28 /],
    ['a block that says it is huge', concat(section, n32(5), n32(0x7ffffffc), new Uint8Array(4)), /byte 28 /],
    ['the header of a block, cut off', concat(section, n32(5)), /cut off/],
    ['a block, cut off', concat(section, n32(5), n32(100), new Uint8Array(40)), /cut off/],
    ['an interface without its fields', concat(section, block(1, new Uint8Array(4))), /byte 28 /],
    ['a packet without its fields', concat(section, interfaceOf(), block(6, new Uint8Array(8))), /byte 48 /],
    ['a packet longer than its block', concat(section, interfaceOf(), enhanced(0, 0n, data, 9)), /byte 48 /],
  ])('pcapng: %s', async (_what, file, message) => {
    await expect(packetsOf(file)).rejects.toThrow(message);
  });

  it('pcap: the header of the file, of a packet, and a packet, cut off; a packet that says it is huge', async () => {
    const file = captureOfIp(packets, { format: 'pcap', littleEndian, link: 'raw' });
    await expect(packetsOf(file.subarray(0, 20))).rejects.toThrow('the file header is cut off');
    await expect(packetsOf(file.subarray(0, 30))).rejects.toThrow(/cut off/);
    await expect(packetsOf(file.subarray(0, 50))).rejects.toThrow(/cut off/);
    expect(await packetsOf(file.subarray(0, 24))).toEqual([]);
    await expect(packetsOf(concat(file.subarray(0, 32), n32(0x7fffffff), n32(0)))).rejects.toThrow(/byte 24 /);
  });
});

it.each([new Uint8Array(0), Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3, 4, 5)])(
  '%j is no capture',
  async (bytes) => {
    await expect(packetsOf(bytes)).rejects.toThrow('this is neither pcap nor pcapng');
  },
);
