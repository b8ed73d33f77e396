// Writes captures as tcpdump and Wireshark do: pcap and pcapng, link layers, IP and TCP headers. Written from the formats'
// descriptions; it shares nothing with src/.

import { concat } from '../frames/wire.js';

export interface TcpPacket {
  /** The sender. */
  readonly from: 'client' | 'server';
  readonly sequenceNumber: number;
  readonly acknowledged?: number;
  /** Such as 'S', 'SA', 'F', 'R'; an ACK where a number is acknowledged. */
  readonly flags?: string;
  readonly payload?: Uint8Array;
}

export interface Addresses {
  /** IPv4, or 16 bytes in hex. */
  readonly client: string;
  readonly server: string;
  readonly clientPort: number;
  readonly serverPort: number;
}

export const IPV4: Addresses = { client: '10.0.0.1', server: '10.0.0.2', clientPort: 50000, serverPort: 80 };
export const IPV6: Addresses = {
  ...IPV4,
  client: '20010db8000000000000000000000001',
  server: '20010db8000000000000000000000002',
};

function u16(value: number, littleEndian = false): Uint8Array {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, value, littleEndian);
  return bytes;
}

function u32(value: number, littleEndian = false): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, littleEndian);
  return bytes;
}

/** The IP packet. @param options4 bytes of options in an IPv4 header */
export function ipPacket(packet: TcpPacket, addresses: Addresses = IPV4): Uint8Array<ArrayBuffer> {
  const { from, sequenceNumber, acknowledged, flags = '', payload = new Uint8Array(0) } = packet;
  const isClient = from === 'client';
  const { client, server, clientPort, serverPort } = addresses;
  const bits =
    (flags.includes('F') ? 1 : 0) |
    (flags.includes('S') ? 2 : 0) |
    (flags.includes('R') ? 4 : 0) |
    (acknowledged === undefined ? 0 : 16);
  // With 12 bytes of options, as timestamps take.
  const tcp = concat(
    u16(isClient ? clientPort : serverPort),
    u16(isClient ? serverPort : clientPort),
    u32(sequenceNumber >>> 0),
    u32((acknowledged ?? 0) >>> 0),
    Uint8Array.of(8 << 4, bits),
    u16(65535),
    u32(0),
    new Uint8Array(12).fill(1),
    payload,
  );
  const source = isClient ? client : server;
  const destination = isClient ? server : client;
  if (client.includes('.')) {
    const address = (text: string) => Uint8Array.from(text.split('.'), Number);
    return concat(
      Uint8Array.of(0x45, 0),
      u16(20 + tcp.length),
      u32(0),
      Uint8Array.of(64, 6, 0, 0),
      address(source),
      address(destination),
      tcp,
    );
  }
  const hop = Uint8Array.of(6, 0, 1, 4, 0, 0, 0, 0);
  return concat(
    u32(0x60000000),
    u16(hop.length + tcp.length),
    Uint8Array.of(0, 64),
    Buffer.from(source, 'hex'),
    Buffer.from(destination, 'hex'),
    hop,
    tcp,
  );
}

const ethertype = (ip: Uint8Array) => u16(ip[0]! >> 4 === 4 ? 0x0800 : 0x86dd);

/** Link layers by their number, each with what it puts before an IP packet. */
export const LINKS: Readonly<Record<string, { type: number; wrap(ip: Uint8Array): Uint8Array<ArrayBuffer> }>> = {
  loopback: { type: 0, wrap: (ip) => concat(u32(2, true), ip) },
  openBsdLoopback: { type: 108, wrap: (ip) => concat(u32(2), ip) },
  // Padded to the 60 bytes that Ethernet asks for.
  ethernet: {
    type: 1,
    wrap: (ip) => concat(new Uint8Array(12), ethertype(ip), ip, new Uint8Array(Math.max(0, 46 - ip.length)).fill(0xee)),
  },
  vlan: {
    type: 1,
    wrap: (ip) => concat(new Uint8Array(12), u16(0x88a8), u16(7), u16(0x8100), u16(9), ethertype(ip), ip),
  },
  raw: { type: 101, wrap: (ip) => concat(ip) },
  cooked: { type: 113, wrap: (ip) => concat(new Uint8Array(14), ethertype(ip), ip) },
  cooked2: { type: 276, wrap: (ip) => concat(ethertype(ip), new Uint8Array(18), ip) },
};

export interface CaptureOptions {
  readonly link?: keyof typeof LINKS;
  readonly format?: 'pcap' | 'pcap-nanoseconds' | 'pcapng';
  readonly littleEndian?: boolean;
  readonly addresses?: Addresses;
}

const START_SECONDS = 1_700_000_000;

/** A capture of these packets, a millisecond apart. */
export function captureOf(packets: readonly TcpPacket[], options: CaptureOptions = {}): Uint8Array<ArrayBuffer> {
  const { link = 'ethernet', addresses = IPV4 } = options;
  return captureOfIp(
    packets.map((packet) => ipPacket(packet, addresses)),
    { ...options, link },
  );
}

/** The same of IP packets. */
export function captureOfIp(packets: readonly Uint8Array[], options: CaptureOptions = {}): Uint8Array<ArrayBuffer> {
  const { link = 'ethernet', format = 'pcap', littleEndian = true } = options;
  const { type, wrap } = LINKS[link]!;
  const n16 = (value: number) => u16(value, littleEndian);
  const n32 = (value: number) => u32(value, littleEndian);
  const frames = packets.map(wrap);
  if (format !== 'pcapng') {
    const isNano = format === 'pcap-nanoseconds';
    return concat(
      n32(isNano ? 0xa1b23c4d : 0xa1b2c3d4),
      ...[n16(2), n16(4), n32(0), n32(0), n32(262144), n32(type)],
      ...frames.flatMap((frame, i) => [
        ...[n32(START_SECONDS), n32(i * (isNano ? 1_000_000 : 1000)), n32(frame.length), n32(frame.length)],
        frame,
      ]),
    );
  }
  const block = (blockType: number, ...body: Uint8Array[]) => {
    const whole = concat(...body);
    const padding = new Uint8Array((4 - (whole.length % 4)) % 4);
    const length = n32(12 + whole.length + padding.length);
    return concat(n32(blockType), length, whole, padding, length);
  };
  // Nanoseconds, by the option if_tsresol.
  const resolution = concat(n16(9), n16(1), Uint8Array.of(9, 0, 0, 0), n32(0));
  return concat(
    block(0x0a0d0d0a, n32(0x1a2b3c4d), n16(1), n16(0), n32(0xffffffff), n32(0xffffffff)),
    block(5, new Uint8Array(8)),
    block(1, n16(type), n16(0), n32(0), resolution),
    ...frames.map((frame, i) => {
      const time = BigInt(START_SECONDS) * 1_000_000_000n + BigInt(i) * 1_000_000n;
      const [high, low] = [Number(time >> 32n), Number(time & 0xffffffffn)];
      return block(6, n32(0), n32(high), n32(low), n32(frame.length), n32(frame.length), frame);
    }),
  );
}

/** The packets of a connection: SYN, what is said, FIN. Each part goes in segments of at most `segmentLength` bytes. */
export function connectionOf(
  parts: readonly (readonly ['client' | 'server', Uint8Array])[],
  { segmentLength = 1460, clientStart = 0xfffffff0, serverStart = 7 } = {},
): TcpPacket[] {
  const next = { client: clientStart, server: serverStart };
  const other = { client: 'server', server: 'client' } as const;
  const packets: TcpPacket[] = [
    { from: 'client', sequenceNumber: next.client++, flags: 'S' },
    { from: 'server', sequenceNumber: next.server++, acknowledged: next.client, flags: 'S' },
    { from: 'client', sequenceNumber: next.client, acknowledged: next.server },
  ];
  for (const [from, bytes] of parts) {
    for (let i = 0; i < bytes.length; i += segmentLength) {
      const payload = bytes.subarray(i, i + segmentLength);
      packets.push({ from, sequenceNumber: next[from], acknowledged: next[other[from]], payload });
      next[from] += payload.length;
    }
  }
  packets.push({ from: 'client', sequenceNumber: next.client++, acknowledged: next.server, flags: 'F' });
  packets.push({ from: 'server', sequenceNumber: next.server++, acknowledged: next.client, flags: 'F' });
  return packets;
}
