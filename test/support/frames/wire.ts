// Frames as a peer puts them on the wire: right ones, and ones that break any rule. Written from RFC 6455 section 5.2
// alone; it shares nothing with src/.

export const TEXT = 0x1;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

export interface WireFrame {
  readonly opcode: number;
  /** Default true. */
  readonly fin?: boolean;
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv?: number;
  readonly payload?: Uint8Array | readonly number[] | string;
  readonly masked: boolean;
  readonly maskingKey?: readonly number[];
  /** How the length is written, where it is not the shortest form. */
  readonly form?: 7 | 16 | 64;
  /** The length that the header claims, where it is not the payload's. */
  readonly claimed?: bigint;
}

/** What a frame may say beside its opcode, payload and mask. */
export type FrameOptions = Partial<Omit<WireFrame, 'opcode' | 'payload'>>;

/** Of the example in RFC 6455 section 5.7. */
export const MASKING_KEY = [0x37, 0xfa, 0x21, 0x3d] as const;

const utf8 = new TextEncoder();

/** A text's UTF-8, or the bytes as they are. */
export function bytesOf(payload: Uint8Array | readonly number[] | string): Uint8Array<ArrayBuffer> {
  return typeof payload === 'string' ? utf8.encode(payload) : Uint8Array.from(payload);
}

export function firstByteOf(frame: WireFrame): number {
  return (frame.fin === false ? 0 : 0x80) | ((frame.rsv ?? 0) << 4) | frame.opcode;
}

/** What the first byte of a frame says: FIN, the RSV bits, the opcode. The inverse of `firstByteOf`. */
export function fromFirstByte(first: number): Required<Pick<WireFrame, 'opcode' | 'fin' | 'rsv'>> {
  return { opcode: first & 15, fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7 };
}

export function wire(frame: WireFrame): Uint8Array<ArrayBuffer> {
  const payload = bytesOf(frame.payload ?? '');
  const length = frame.claimed ?? BigInt(payload.length);
  const form = frame.form ?? (length < 126n ? 7 : length < 65536n ? 16 : 64);
  const header = [
    firstByteOf(frame),
    (frame.masked ? 0x80 : 0) | (form === 7 ? Number(length) : form === 16 ? 126 : 127),
  ];
  for (let shift = form === 7 ? 0 : form; shift > 0; shift -= 8)
    header.push(Number((length >> BigInt(shift - 8)) & 255n));
  const maskingKey = frame.maskingKey ?? MASKING_KEY;
  if (frame.masked) {
    header.push(...maskingKey);
    for (let i = 0; i < payload.length; i++) payload[i] = payload[i]! ^ maskingKey[i % 4]!;
  }
  return concat(Uint8Array.from(header), payload);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return join(parts);
}

/** `concat`, for more parts than a call can have arguments. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Makes the frames that a decoder of this role takes: masked for a server. */
export class Peer {
  readonly masked: boolean;

  constructor(role: 'client' | 'server' | 'observer') {
    this.masked = role === 'server';
  }

  frame(opcode: number, payload: WireFrame['payload'], options: FrameOptions = {}): WireFrame {
    return { opcode, payload: payload ?? '', masked: this.masked, ...options };
  }
  text(payload: WireFrame['payload'], options?: FrameOptions): WireFrame {
    return this.frame(TEXT, payload, options);
  }
  binary(payload: WireFrame['payload'], options?: FrameOptions): WireFrame {
    return this.frame(BINARY, payload, options);
  }
  continuation(payload: WireFrame['payload'], options?: FrameOptions): WireFrame {
    return this.frame(0, payload, options);
  }
  ping(payload: WireFrame['payload'] = ''): WireFrame {
    return this.frame(PING, payload);
  }
  pong(payload: WireFrame['payload'] = ''): WireFrame {
    return this.frame(PONG, payload);
  }
  close(code?: number, reason: WireFrame['payload'] = '', options?: FrameOptions): WireFrame {
    const payload = code === undefined ? bytesOf(reason) : concat(Uint8Array.of(code >> 8, code), bytesOf(reason));
    return this.frame(CLOSE, payload, options);
  }
}

/** Frames of a connection, one behind the other. */
export function stream(...frames: readonly WireFrame[]): Uint8Array<ArrayBuffer> {
  return concat(...frames.map(wire));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
