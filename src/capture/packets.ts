// One packet → the TCP segment in it: link layer, IPv4 or IPv6, TCP. It knows headers; which connection a segment belongs to
// and in what order is for tcp-connections.ts.

import { viewOf } from './capture-packet.js';

/** One TCP segment. */
export interface Segment {
  /** `address:port`, an IPv6 address in brackets. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of the first byte of the payload, or of the SYN. */
  readonly sequenceNumber: number;
  /** Undefined without the ACK bit. */
  readonly acknowledged: number | undefined;
  readonly syn: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
  /** As far as it was captured. */
  readonly payload: Uint8Array;
}

/** Why there is no segment in a packet: another protocol, a fragment of IP, a link layer that we do not know, cut too short. */
export type NoSegment = 'other' | 'fragment' | 'link' | 'short';

// The numbers of https://www.tcpdump.org/linktypes.html.
const LINK_NULL = 0;
const LINK_ETHERNET = 1;
const LINK_RAW = [12, 14, 101, 228, 229];
const LINK_LOOP = 108;
const LINK_LINUX_COOKED = 113;
const LINK_LINUX_COOKED_2 = 276;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPES_VLAN = [0x8100, 0x88a8, 0x9100];
const PROTOCOL_TCP = 6;
/** Hop-by-hop options, routing, destination options: IPv6 headers with their length in units of 8 bytes. */
const IPV6_OPTIONS = [0, 43, 60];
const IPV6_FRAGMENT = 44;
const IPV6_HEADER_LENGTH = 40;
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** The segment of a packet, or why there is none. Nothing that a packet holds makes it throw. */
export function readSegment(linkType: number, bytes: Uint8Array): Segment | NoSegment {
  const start = ipStart(linkType, bytes);
  if (typeof start === 'string') return start;
  const packet = bytes.subarray(start);
  if (packet.length === 0) return 'short';
  const version = packet[0]! >>> 4;
  return version === 4 ? readIpv4(packet) : version === 6 ? readIpv6(packet) : 'other';
}

/** Where the IP header stands. */
function ipStart(linkType: number, bytes: Uint8Array): number | NoSegment {
  if (LINK_RAW.includes(linkType)) return 0;
  // The family of the address, in the byte order of the capturing machine; the IP header says the same.
  if (linkType === LINK_NULL || linkType === LINK_LOOP) return 4;
  if (linkType === LINK_LINUX_COOKED) return afterEthertype(bytes, 14);
  if (linkType === LINK_LINUX_COOKED_2) {
    if (bytes.length < 20) return 'short';
    return isIp(viewOf(bytes).getUint16(0)) ? 20 : 'other';
  }
  if (linkType === LINK_ETHERNET) return afterEthertype(bytes, 12);
  return 'link';
}

/** Behind an Ethertype, with the VLAN tags that may follow it. */
function afterEthertype(bytes: Uint8Array, at: number): number | NoSegment {
  for (let offset = at; offset + 2 <= bytes.length; offset += 4) {
    const ethertype = viewOf(bytes).getUint16(offset);
    if (isIp(ethertype)) return offset + 2;
    if (!ETHERTYPES_VLAN.includes(ethertype)) return 'other';
  }
  return 'short';
}

function isIp(ethertype: number): boolean {
  return ethertype === ETHERTYPE_IPV4 || ethertype === ETHERTYPE_IPV6;
}

function readIpv4(packet: Uint8Array): Segment | NoSegment {
  const headerLength = 4 * (packet[0]! & 0x0f);
  if (headerLength < 20 || packet.length < headerLength) return 'short';
  const view = viewOf(packet);
  if (packet[9] !== PROTOCOL_TCP) return 'other';
  // More fragments, or an offset other than 0.
  if ((view.getUint16(6) & 0x3fff) !== 0) return 'fragment';
  // 0 where the network card was to cut it up (segmentation offload); what is behind it is padding of Ethernet.
  const totalLength = view.getUint16(2) || packet.length;
  const source = packet.subarray(12, 16).join('.');
  const destination = packet.subarray(16, 20).join('.');
  return readTcp(packet.subarray(headerLength, Math.max(totalLength, headerLength)), source, destination);
}

function readIpv6(packet: Uint8Array): Segment | NoSegment {
  if (packet.length < IPV6_HEADER_LENGTH) return 'short';
  const payloadLength = viewOf(packet).getUint16(4);
  const end = payloadLength === 0 ? packet.length : IPV6_HEADER_LENGTH + payloadLength;
  let next = packet[6]!;
  let offset = IPV6_HEADER_LENGTH;
  while (IPV6_OPTIONS.includes(next)) {
    if (offset + 2 > packet.length) return 'short';
    next = packet[offset]!;
    offset += 8 * (1 + packet[offset + 1]!);
  }
  if (next === IPV6_FRAGMENT) return 'fragment';
  if (next !== PROTOCOL_TCP) return 'other';
  const source = `[${ipv6Text(packet.subarray(8, 24))}]`;
  const destination = `[${ipv6Text(packet.subarray(24, 40))}]`;
  return readTcp(packet.subarray(offset, Math.max(end, offset)), source, destination);
}

function readTcp(bytes: Uint8Array, source: string, destination: string): Segment | NoSegment {
  if (bytes.length < 20) return 'short';
  const view = viewOf(bytes);
  const headerLength = 4 * (bytes[12]! >>> 4);
  if (headerLength < 20) return 'short';
  const flags = bytes[13]!;
  const sourcePort = view.getUint16(0);
  const destinationPort = view.getUint16(2);
  return {
    source: `${source}:${sourcePort}`,
    destination: `${destination}:${destinationPort}`,
    sourcePort,
    destinationPort,
    sequenceNumber: view.getUint32(4),
    acknowledged: (flags & ACK) === 0 ? undefined : view.getUint32(8),
    syn: (flags & SYN) !== 0,
    fin: (flags & FIN) !== 0,
    rst: (flags & RST) !== 0,
    payload: bytes.subarray(headerLength),
  };
}

/** As RFC 5952 has it: the longest run of two or more zero groups becomes `::`. */
function ipv6Text(address: Uint8Array): string {
  const view = viewOf(address);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  const runs = groups.join(':').match(/\b0(:0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return groups.join(':');
  const text = groups.join(':');
  const at = text.search(new RegExp(`\\b${longest}\\b`));
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}
