// Captures of tcpdump and Wireshark, pcap (both byte orders, micro- and nanoseconds) and pcapng → packets. It knows files
// and no protocol.

import type { ByteReader } from './byte-reader.js';
import { CaptureError, cutOff, MAX_PACKET_LENGTH, type Packet, tooLong, viewOf } from './capture-packet.js';
import { readPcapng } from './pcapng.js';

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
/** Of pcapng: the type of the block that begins a section, the same in both byte orders. */
const MAGIC_PCAPNG = 0x0a0d0d0a;
const FILE_HEADER_LENGTH = 24;
const PACKET_HEADER_LENGTH = 16;

/** Whether a file that begins with these four bytes is a capture. */
export function isCapture(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const magic = viewOf(bytes).getUint32(0);
  return magic === MAGIC_PCAPNG || pcapOrder(bytes) !== undefined;
}

/**
 * The packets of a capture, as they come: a capture may be read while it is written.
 *
 * @throws CaptureError
 */
export async function* readCapture(reader: ByteReader): AsyncGenerator<Packet> {
  const magic = await reader.peek(4);
  if (!isCapture(magic)) throw new CaptureError('this is neither pcap nor pcapng');
  yield* viewOf(magic).getUint32(0) === MAGIC_PCAPNG ? readPcapng(reader) : readPcap(reader);
}

async function* readPcap(reader: ByteReader): AsyncGenerator<Packet> {
  const header = await reader.read(FILE_HEADER_LENGTH);
  const order = pcapOrder(header);
  if (order === undefined || header.length < FILE_HEADER_LENGTH) throw new CaptureError('the file header is cut off');
  const { littleEndian, nanosecondsPerUnit } = order;
  // The upper bits tell of checksums at the end of frames.
  const linkType = viewOf(header).getUint32(20, littleEndian) & 0xffff;
  for (;;) {
    const at = reader.position;
    const fields = await reader.read(PACKET_HEADER_LENGTH);
    if (fields.length === 0) return;
    if (fields.length < PACKET_HEADER_LENGTH) throw cutOff(at);
    const view = viewOf(fields);
    const length = view.getUint32(8, littleEndian);
    if (length > MAX_PACKET_LENGTH) throw tooLong(at, length);
    const bytes = await reader.read(length);
    if (bytes.length < length) throw cutOff(at);
    const seconds = BigInt(view.getUint32(0, littleEndian));
    const units = BigInt(view.getUint32(4, littleEndian));
    yield { time: seconds * 1_000_000_000n + units * nanosecondsPerUnit, linkType, bytes };
  }
}

/** @param bytes four or more */
function pcapOrder(bytes: Uint8Array): { littleEndian: boolean; nanosecondsPerUnit: bigint } | undefined {
  for (const littleEndian of [true, false]) {
    const magic = viewOf(bytes).getUint32(0, littleEndian);
    if (magic === MAGIC_MICROSECONDS) return { littleEndian, nanosecondsPerUnit: 1000n };
    if (magic === MAGIC_NANOSECONDS) return { littleEndian, nanosecondsPerUnit: 1n };
  }
  return undefined;
}
