// Frames to send: header, payload, and the mask of a client's frames (RFC 6455 sections 5.2, 5.3, 5.5). The caller decides
// which frame may follow which.

import { SCRATCH_CAPACITY, SCRATCH_PTR } from '../../assembly/shared/layout.js';
import {
  FIN,
  MAX_CLOSE_REASON,
  MAX_CONTROL_PAYLOAD,
  MAX_HEADER_LENGTH,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_CONTROL_BIT,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
  RSV1,
} from '../../assembly/shared/protocol.js';
import { copyBytes, requireBytes } from '../bytes/copy.js';
import { MASK_LOOP_LENGTH, MEASURED_UNITS, SET_LOOP_LENGTH, WRITE_LOOP_UNITS } from '../bytes/thresholds.js';
import { type Arena, arenaFor } from '../kernel/arena.js';
import type { KernelName } from '../kernel/kernel.js';
import { maskBytes } from '../kernel/mask.js';
import type { KernelChoice } from '../kernel/select.js';
import { headerLengthFor, writeHeader } from '../kernel/write-header.js';
import { isCloseCode } from '../protocol/close-code.js';
import { ProtocolError } from '../protocol/errors.js';
import { callable, describeValue } from '../protocol/option-checks.js';
import type { Role } from '../protocol/role.js';
import { takeMaskingKey } from './masking-keys.js';

/** Options of a `FrameEncoder`. */
export interface FrameEncoderOptions {
  /** A `'client'` masks its frames, a `'server'` does not. */
  readonly role: Role;
  /** Which kernel; default: WebAssembly where it runs. */
  readonly kernel?: KernelChoice;
  /**
   * The masking keys of a client's frames, each a 32-bit number with its first byte lowest. RFC 6455 section 5.3 wants them
   * fresh and unpredictable; default: from the system's generator.
   */
  readonly maskingKey?: () => number;
}

/** The bits of a frame's first byte beside its opcode. */
export interface FrameBits {
  /** The last fragment of its message; default true. */
  readonly fin?: boolean;
  /** The bit that permessage-deflate owns; default false. */
  readonly rsv1?: boolean;
}

/**
 * Makes frames: as new buffers (`encode…`), or written into the caller's (`encodeInto`).
 *
 * Holds no state of a connection; one encoder a role serves all of them.
 */
export class FrameEncoder {
  /** Whose frames it makes: a `'client'` masks them. */
  readonly role: Role;
  readonly #arena: Arena;
  readonly #isMasked: boolean;
  readonly #takeKey: () => number;

  /** @throws TypeError for an option of the wrong type or a role that is none; ProtocolError `WSIMD_NO_KERNEL` */
  constructor(options: FrameEncoderOptions) {
    const { role, maskingKey = takeMaskingKey } = options;
    if (role !== 'client' && role !== 'server')
      throw new TypeError(`role is "client" or "server", not ${describeValue(role)}`);
    callable('maskingKey', maskingKey);
    this.role = role;
    this.#isMasked = role === 'client';
    this.#arena = arenaFor(options.kernel);
    this.#takeKey = maskingKey;
  }

  /** Which kernel encodes. */
  get kernelName(): KernelName {
    return this.#arena.kernel.name;
  }

  /** A text frame. @param text a string, or the bytes of valid UTF-8 @returns a new buffer, owned */
  encodeText(text: string | Uint8Array, bits?: FrameBits): Uint8Array {
    return this.encode(OPCODE_TEXT, text, bits);
  }

  /** A binary frame. @returns a new buffer, owned */
  encodeBinary(data: Uint8Array, bits?: FrameBits): Uint8Array {
    return this.encode(OPCODE_BINARY, data, bits);
  }

  /** A further fragment of a message whose first frame had `fin: false`. @returns a new buffer, owned */
  encodeContinuation(data: string | Uint8Array, bits?: FrameBits): Uint8Array {
    return this.encode(OPCODE_CONTINUATION, data, bits);
  }

  /** A ping. @param payload at most 125 bytes @returns a new buffer, owned @throws ProtocolError `WSIMD_CONTROL_PAYLOAD` */
  encodePing(payload?: string | Uint8Array): Uint8Array {
    return this.encode(OPCODE_PING, payload ?? '');
  }

  /** A pong. @param payload at most 125 bytes @returns a new buffer, owned @throws ProtocolError `WSIMD_CONTROL_PAYLOAD` */
  encodePong(payload?: string | Uint8Array): Uint8Array {
    return this.encode(OPCODE_PONG, payload ?? '');
  }

  /**
   * A Close frame.
   *
   * @param closeCode 1000-1003, 1007-1014 or 3000-4999 (section 7.4); without one the Close frame is empty
   * @param reason at most 123 bytes of UTF-8
   * @returns a new buffer, owned
   * @throws ProtocolError `WSIMD_INVALID_CLOSE_CODE`, `WSIMD_INVALID_REASON`
   */
  encodeClose(closeCode?: number, reason = ''): Uint8Array {
    return this.encode(OPCODE_CLOSE, this.closePayload(closeCode, reason));
  }

  /** The payload of a Close frame; arguments and errors as of `encodeClose`. @returns a new buffer, owned */
  closePayload(closeCode?: number, reason = ''): Uint8Array {
    const { host } = this.#arena;
    if (closeCode === undefined) {
      if (reason !== '') throw new ProtocolError('WSIMD_INVALID_REASON', { detail: 'there is no code' });
      return new Uint8Array(0);
    }
    if (!isCloseCode(closeCode)) throw new ProtocolError('WSIMD_INVALID_CLOSE_CODE', { detail: String(closeCode) });
    const length = host.utf8Length(reason);
    if (length > MAX_CLOSE_REASON) throw new ProtocolError('WSIMD_INVALID_REASON', { detail: `${length} bytes` });
    const payload = new Uint8Array(2 + length);
    payload[0] = closeCode >>> 8;
    payload[1] = closeCode;
    host.writeUtf8(reason, payload, 2);
    return payload;
  }

  /**
   * One frame in a buffer of its own.
   *
   * @param opcode 0 to 15
   * @param payload a string is written as UTF-8
   * @returns a new buffer, owned
   * @throws ProtocolError `WSIMD_CONTROL_PAYLOAD`
   */
  encode(opcode: number, payload: string | Uint8Array, bits?: FrameBits): Uint8Array {
    if (typeof payload !== 'string') requireBytes(payload);
    const target = this.#arena.host.allocate(this.frameLength(payload));
    this.writeFrame(target, 0, opcode, payload, bits);
    return target;
  }

  /**
   * Writes one frame into a buffer of the caller's.
   *
   * @param opcode 0 to 15
   * @param payload a string is written as UTF-8; bytes may not lie in `target`
   * @returns the offset behind the frame
   * @throws ProtocolError `WSIMD_BUFFER_TOO_SMALL` (nothing is written then), `WSIMD_CONTROL_PAYLOAD`; TypeError
   */
  encodeInto(
    target: Uint8Array,
    offset: number,
    opcode: number,
    payload: string | Uint8Array,
    bits?: FrameBits,
  ): number {
    requireBytes(target);
    if (!(offset >= 0 && target.length - offset >= this.maxFrameLength(payload))) {
      const needed = this.frameLength(payload);
      if (!(offset >= 0 && target.length - offset >= needed)) {
        throw new ProtocolError('WSIMD_BUFFER_TOO_SMALL', { detail: `${needed} bytes` });
      }
    }
    return this.writeFrame(target, offset, opcode, payload, bits);
  }

  /**
   * `encodeInto` for a caller who has asked `maxFrameLength` for the room that there is: nothing is checked twice.
   *
   * @internal
   */
  writeFrame(
    target: Uint8Array,
    offset: number,
    opcode: number,
    payload: string | Uint8Array,
    bits: FrameBits | undefined,
  ): number {
    const firstByte =
      (bits === undefined ? FIN : (bits.fin === false ? 0 : FIN) | (bits.rsv1 === true ? RSV1 : 0)) |
      (opcode & OPCODE_BITS);
    if ((opcode & OPCODE_CONTROL_BIT) !== 0) {
      const length = this.#byteLength(payload);
      if (length > MAX_CONTROL_PAYLOAD) throw new ProtocolError('WSIMD_CONTROL_PAYLOAD', { detail: `${length} bytes` });
    }
    return typeof payload === 'string'
      ? this.#writeText(target, offset, firstByte, payload)
      : this.#writeBytes(target, offset, firstByte, payload);
  }

  /**
   * Writes the header alone of an unmasked frame, whose payload lies elsewhere. There is room for the longest header.
   *
   * @internal
   * @returns the offset behind the header
   */
  writeHeaderOf(target: Uint8Array, offset: number, opcode: number, payloadLength: number): number {
    return writeHeader(target, offset, FIN | (opcode & OPCODE_BITS), payloadLength, false, 0);
  }

  /** How many bytes a frame with this payload has; a string is measured. */
  frameLength(payload: string | Uint8Array): number {
    const length = this.#byteLength(payload);
    return headerLengthFor(length, this.#isMasked) + length;
  }

  #byteLength(payload: string | Uint8Array): number {
    return typeof payload === 'string' ? this.#arena.host.utf8Length(payload) : payload.length;
  }

  /**
   * Room enough for a frame with this payload: exact to the header for bytes and long strings, an upper bound else.
   *
   * @throws TypeError for a payload that is neither string nor bytes
   */
  maxFrameLength(payload: string | Uint8Array): number {
    if (typeof payload !== 'string') {
      requireBytes(payload);
      return MAX_HEADER_LENGTH + payload.length;
    }
    // Three bytes a unit is the most that UTF-8 takes; long strings are measured rather than given thrice their length.
    const { length } = payload;
    return MAX_HEADER_LENGTH + (length <= MEASURED_UNITS ? length * 3 : this.#arena.host.utf8Length(payload));
  }

  #writeBytes(target: Uint8Array, offset: number, firstByte: number, payload: Uint8Array): number {
    const { length } = payload;
    const isMasked = this.#isMasked;
    if (!isMasked) {
      const start = writeHeader(target, offset, firstByte, length, false, 0);
      if (length <= SET_LOOP_LENGTH) copyBytes(payload, 0, length, target, start);
      else target.set(payload, start);
      return start + length;
    }
    const key = this.#takeKey();
    if (length > MASK_LOOP_LENGTH && length <= SCRATCH_CAPACITY) {
      this.#arena.bytes.set(payload, SCRATCH_PTR);
      return this.#takeFromScratch(target, offset, firstByte, length, key);
    }
    const start = writeHeader(target, offset, firstByte, length, true, key);
    maskBytes(this.#arena, payload, 0, target, start, length, key);
    return start + length;
  }

  #writeText(target: Uint8Array, offset: number, firstByte: number, text: string): number {
    const { host, bytes } = this.#arena;
    const isMasked = this.#isMasked;
    const units = text.length;
    if (isMasked && units > MASK_LOOP_LENGTH && units * 3 <= SCRATCH_CAPACITY) {
      const length = host.writeUtf8(text, bytes, SCRATCH_PTR);
      return this.#takeFromScratch(target, offset, firstByte, length, this.#takeKey());
    }

    // The header is as long as for ASCII, nearly always; else the payload moves up.
    let start = offset + headerLengthFor(units, isMasked);
    const length = writeText(host, text, target, start);
    const headerLength = headerLengthFor(length, isMasked);
    if (offset + headerLength !== start) {
      target.copyWithin(offset + headerLength, start, start + length);
      start = offset + headerLength;
    }
    const key = isMasked ? this.#takeKey() : 0;
    writeHeader(target, offset, firstByte, length, isMasked, key);
    if (isMasked) maskBytes(this.#arena, target, start, target, start, length, key);
    return start + length;
  }

  /** A client's frame whose payload lies in the scratch: header and mask in one call, then one copy. */
  #takeFromScratch(target: Uint8Array, offset: number, firstByte: number, length: number, key: number): number {
    const { kernel, bytes } = this.#arena;
    const headerLength = kernel.encode(SCRATCH_PTR, length, firstByte, length, 1, key);
    copyBytes(bytes, SCRATCH_PTR - headerLength, SCRATCH_PTR + length, target, offset);
    return offset + headerLength + length;
  }
}

/** Writes a string; the caller has made sure that it fits. */
function writeText(host: Arena['host'], text: string, target: Uint8Array, offset: number): number {
  const { length } = text;
  if (length > WRITE_LOOP_UNITS) return host.writeUtf8(text, target, offset);
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return host.writeUtf8(text, target, offset);
    target[offset + i] = unit;
  }
  return length;
}
