// The lines of a vector as bytes on the wire, and bytes and events as lines that can be compared. Knows the layout of a
// frame (RFC 6455 section 5.2) and no rule; no codec, no test runner and no host.

import type { FrameLine, VectorRole } from './format.js';

/** Of the example in RFC 6455 section 5.7. */
const MASKING_KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);
/** What is longer is described by a hash. */
const SHOWN_LENGTH = 32;

/** Whether a frame is masked that a decoder of this role is to read. */
function isMasked({ wrongMask }: FrameLine, role: VectorRole): boolean {
  return (role === 'server') !== wrongMask;
}

/** The header of a frame as the peer of this role writes it. */
export function headerFor(frame: FrameLine, role: VectorRole): Uint8Array {
  const { opcode, payload, fin, rsv } = frame;
  if (opcode === undefined) return new Uint8Array(0);
  const length = frame.claims ?? payload.length;
  const bits = frame.lengthBits ?? (length < 126 ? 7 : length < 65536 ? 16 : 64);
  const masked = isMasked(frame, role);
  const shortLength = bits === 7 ? Number(length) : bits === 16 ? 126 : 127;
  const header = [(fin ? 0x80 : 0) | (rsv << 4) | opcode, (masked ? 0x80 : 0) | shortLength];
  if (bits === 16) header.push(Number(length) >> 8, Number(length) & 255);
  if (bits === 64)
    for (let shift = 56n; shift >= 0n; shift -= 8n) header.push(Number((BigInt(length) >> shift) & 255n));
  if (masked) header.push(...(frame.maskingKey ?? MASKING_KEY));
  return Uint8Array.from(header);
}

/** Frames as the peer of this role sends them, one behind the other. */
export function bytesFor(frames: readonly FrameLine[], role: VectorRole): Uint8Array<ArrayBuffer> {
  const headers = frames.map((frame) => headerFor(frame, role));
  const bytes = new Uint8Array(frames.reduce((sum, { payload }, i) => sum + headers[i]!.length + payload.length, 0));
  let offset = 0;
  for (const [i, frame] of frames.entries()) {
    bytes.set(headers[i]!, offset);
    offset += headers[i]!.length;
    bytes.set(frame.payload, offset);
    if (frame.opcode !== undefined && isMasked(frame, role)) {
      const key = frame.maskingKey ?? MASKING_KEY;
      for (let j = 0; j < frame.payload.length; j++) bytes[offset + j] = bytes[offset + j]! ^ key[j & 3]!;
    }
    offset += frame.payload.length;
  }
  return bytes;
}

/** What a frame decoder must say of a frame; as `describeFrame`. */
export function frameLine(frame: FrameLine, role: VectorRole): string {
  const header = headerFor(frame, role);
  const key = isMasked(frame, role) ? (frame.maskingKey ?? MASKING_KEY) : undefined;
  return describeFrame(header[0]!, key, header.length, frame.payload.length, frame.payload);
}

export function describeFrame(
  firstByte: number,
  maskingKey: Uint8Array | undefined,
  headerLength: number,
  payloadLength: number,
  payload: Uint8Array,
): string {
  const key = maskingKey === undefined ? 'unmasked' : toHex(maskingKey);
  return `${firstByte.toString(2).padStart(8, '0')} ${key} ${headerLength}+${payloadLength} ${describeBytes(payload)}`;
}

/** The bytes in hexadecimal; many of them as a length and a hash. */
export function describeBytes(bytes: Uint8Array): string {
  if (bytes.length <= SHOWN_LENGTH) return toHex(bytes);
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return `${bytes.length} bytes #${(hash >>> 0).toString(16)}`;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]!]!;
  return text;
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
