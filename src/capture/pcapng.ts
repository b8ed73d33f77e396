// The blocks of a pcapng file (IETF draft-ietf-opsawg-pcapng) → packets: sections in either byte order, several interfaces
// with their own link types and clocks. Blocks of other kinds are skipped. It knows files and no protocol.

import type { ByteReader } from './byte-reader.js';
import { CaptureError, cutOff, MAX_PACKET_LENGTH, type Packet, tooLong, viewOf } from './capture-packet.js';

interface Interface {
  readonly linkType: number;
  /** Of its clock, in a second. */
  readonly unitsPerSecond: bigint;
  /** Seconds to add to its times. */
  readonly timeOffset: bigint;
}

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OLD_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;
/** Type and total length; the length stands once more at the end. */
const BLOCK_HEADER_LENGTH = 8;
const MIN_BLOCK_LENGTH = 12;
const MAX_BLOCK_LENGTH = MAX_PACKET_LENGTH + 64 * 1024;
const NANOSECONDS = 1_000_000_000n;
const MAX_RESOLUTION = 63;

/** @throws CaptureError */
export async function* readPcapng(reader: ByteReader): AsyncGenerator<Packet> {
  let littleEndian = true;
  let interfaces: Interface[] = [];
  for (;;) {
    const at = reader.position;
    const start = await reader.peek(MIN_BLOCK_LENGTH);
    if (start.length === 0) return;
    if (start.length < MIN_BLOCK_LENGTH) throw cutOff(at);
    const startView = viewOf(start);
    // Symmetric, so that it can be read before the byte order is known.
    if (startView.getUint32(0) === SECTION_HEADER) {
      littleEndian = startView.getUint32(8, true) === BYTE_ORDER_MAGIC;
      if (!littleEndian && startView.getUint32(8) !== BYTE_ORDER_MAGIC) {
        throw new CaptureError(`the capture is damaged at byte ${at} of the file: a section without its byte order`);
      }
      interfaces = [];
    }
    const type = startView.getUint32(0, littleEndian);
    const length = startView.getUint32(4, littleEndian);
    if (length < MIN_BLOCK_LENGTH || length % 4 !== 0 || length > MAX_BLOCK_LENGTH) throw tooLong(at, length);
    const block = await reader.read(length);
    if (block.length < length) throw cutOff(at);
    const body = block.subarray(BLOCK_HEADER_LENGTH, length - 4);
    if (type === INTERFACE_DESCRIPTION) interfaces.push(readInterface(body, littleEndian, at));
    const packet = readPacket(type, body, littleEndian, interfaces, at);
    if (packet !== undefined) yield packet;
  }
}

function readPacket(
  type: number,
  body: Uint8Array,
  littleEndian: boolean,
  interfaces: readonly Interface[],
  at: number,
): Packet | undefined {
  if (type !== ENHANCED_PACKET && type !== SIMPLE_PACKET && type !== OLD_PACKET) return undefined;
  const dataStart = type === SIMPLE_PACKET ? 4 : 20;
  if (body.length < dataStart) throw tooLong(at, body.length);
  const view = viewOf(body);
  const id =
    type === SIMPLE_PACKET
      ? 0
      : type === OLD_PACKET
        ? view.getUint16(0, littleEndian)
        : view.getUint32(0, littleEndian);
  const source = interfaces[id];
  if (source === undefined) {
    throw new CaptureError(`the capture is damaged at byte ${at} of the file: there is no interface ${id}`);
  }
  // A simple packet has no time, and no length but the original one and the block's.
  if (type === SIMPLE_PACKET) {
    return { time: 0n, linkType: source.linkType, bytes: body.subarray(4, 4 + view.getUint32(0, littleEndian)) };
  }
  const captured = view.getUint32(12, littleEndian);
  if (captured > body.length - dataStart) throw tooLong(at, captured);
  const units = (BigInt(view.getUint32(4, littleEndian)) << 32n) | BigInt(view.getUint32(8, littleEndian));
  return {
    time: (units * NANOSECONDS) / source.unitsPerSecond + source.timeOffset * NANOSECONDS,
    linkType: source.linkType,
    bytes: body.subarray(dataStart, dataStart + captured),
  };
}

function readInterface(body: Uint8Array, littleEndian: boolean, at: number): Interface {
  if (body.length < 8) throw tooLong(at, body.length);
  const view = viewOf(body);
  let unitsPerSecond = 1_000_000n;
  let timeOffset = 0n;
  for (let i = 8; i + 4 <= body.length; ) {
    const code = view.getUint16(i, littleEndian);
    const length = view.getUint16(i + 2, littleEndian);
    const value = i + 4;
    if (code === OPTION_END || value + length > body.length) break;
    if (code === OPTION_TIME_RESOLUTION && length >= 1) {
      // The top bit chooses between powers of 2 and of 10.
      const exponent = BigInt(Math.min(body[value]! & 0x7f, MAX_RESOLUTION));
      unitsPerSecond = (body[value]! & 0x80) !== 0 ? 2n ** exponent : 10n ** exponent;
    }
    if (code === OPTION_TIME_OFFSET && length >= 8) timeOffset = view.getBigInt64(value, littleEndian);
    i = value + length + ((4 - (length % 4)) % 4);
  }
  return { linkType: view.getUint16(0, littleEndian), unitsPerSecond, timeOffset };
}
