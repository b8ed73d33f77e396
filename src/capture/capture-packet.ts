// What captures of either format have in common: packets, and what is said of damage. It knows neither format.

/** One packet, as it was captured. */
export interface Packet {
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  /** What its first header is: see packets.ts. */
  readonly linkType: number;
  /** From that header on; perhaps not to its end. */
  readonly bytes: Uint8Array;
}

/** The file is damaged; packets before the damage were read. The message says where. */
export class CaptureError extends Error {}

/** Longer packets than this (Wireshark's own limit is 256 KiB) are damage. */
export const MAX_PACKET_LENGTH = 16 * 1024 * 1024;

export function cutOff(at: number): CaptureError {
  return new CaptureError(`the capture is cut off inside what begins at byte ${at} of the file`);
}

export function tooLong(at: number, length: number): CaptureError {
  return new CaptureError(`the capture is damaged at byte ${at} of the file: a length of ${length} bytes`);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
