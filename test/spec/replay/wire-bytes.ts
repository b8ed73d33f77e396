// The lines of a vector as bytes on the wire, and bytes and events as lines that can be compared. No codec, no test runner and no
// host.

import { join, MASKING_KEY, type WireFrame, wire } from '../../support/frames/wire.js';
import type { FrameLine, VectorRole } from './format.js';

/** What is longer is described by a hash. */
const SHOWN_LENGTH = 32;

/** Whether a frame is masked that a decoder of this role is to read. */
function isMasked({ wrongMask }: FrameLine, role: VectorRole): boolean {
  return (role === 'server') !== wrongMask;
}

/** The frame as the peer of this role sends it. */
function wireFrame(frame: FrameLine & { readonly opcode: number }, role: VectorRole): WireFrame {
  const { opcode, payload, fin, rsv, claims, lengthBits, maskingKey } = frame;
  return {
    ...{ opcode, payload, fin, rsv, masked: isMasked(frame, role) },
    ...(claims === undefined ? {} : { claimed: BigInt(claims) }),
    ...(lengthBits === undefined ? {} : { form: lengthBits }),
    ...(maskingKey === undefined ? {} : { maskingKey: [...maskingKey] }),
  };
}

function isFrame(line: FrameLine): line is FrameLine & { readonly opcode: number } {
  return line.opcode !== undefined;
}

/** The header of a frame as the peer of this role writes it. */
export function headerFor(frame: FrameLine, role: VectorRole): Uint8Array {
  if (!isFrame(frame)) return new Uint8Array(0);
  const claimed = BigInt(frame.claims ?? frame.payload.length);
  return wire({ ...wireFrame(frame, role), payload: [], claimed });
}

/** Frames as the peer of this role sends them, one behind the other. */
export function bytesFor(frames: readonly FrameLine[], role: VectorRole): Uint8Array<ArrayBuffer> {
  return join(frames.map((frame) => (isFrame(frame) ? wire(wireFrame(frame, role)) : frame.payload)));
}

/** What a frame decoder must say of a frame; as `describeFrame`. */
export function frameLine(frame: FrameLine, role: VectorRole): string {
  const header = headerFor(frame, role);
  const key = isMasked(frame, role) ? (frame.maskingKey ?? Uint8Array.from(MASKING_KEY)) : undefined;
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
