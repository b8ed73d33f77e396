// Takes frames of a server off a stream of bytes, as a raw client needs it. Written from RFC 6455 section 5.2; it shares nothing
// with src/.

import { CLOSE, concat, PING, PONG, TEXT } from '../../../support/frames/wire.js';
import { InflatingPeer } from '../../../support/peers/deflate-peer.js';

export interface RawFrame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The callbacks of a raw client. */
export interface RawReader {
  message(bytes: Buffer, isBinary: boolean): void;
  ping(payload: Buffer): void;
  pong(payload: Buffer): void;
  close(code: number, reason: string): void;
}

export class RawFrames {
  readonly #reader: RawReader;
  readonly #inflating = new InflatingPeer({ takeover: false });
  #chunks: Buffer[] = [];
  #length = 0;
  /** The frames of the message that is open. */
  #open: RawFrame[] = [];

  constructor(reader: RawReader) {
    this.#reader = reader;
  }

  /** @throws Error where the server breaks a rule */
  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    for (let frame = takeFrame(rest); frame !== undefined; frame = takeFrame(rest)) {
      rest = frame.rest;
      this.#take(frame.frame);
    }
    this.#chunks = [rest];
    this.#length = rest.length;
  }

  #take(frame: RawFrame): void {
    const { opcode, payload } = frame;
    if (opcode >= CLOSE && (!frame.fin || frame.rsv !== 0 || payload.length > 125)) {
      throw new Error(`a control frame breaks the rules: ${JSON.stringify(frame)}`);
    }
    if (opcode === PING) this.#reader.ping(payload);
    else if (opcode === PONG) this.#reader.pong(payload);
    else if (opcode === CLOSE) {
      this.#reader.close(payload.length === 0 ? 1005 : payload.readUInt16BE(0), payload.toString('utf8', 2));
    } else this.#takeData(frame);
  }

  #takeData(frame: RawFrame): void {
    const isFirst = this.#open.length === 0;
    if (isFirst !== (frame.opcode !== 0)) throw new Error(`opcode ${frame.opcode} out of turn`);
    if (frame.rsv !== 0 && (frame.rsv !== 4 || !isFirst)) throw new Error(`reserved bits ${frame.rsv}`);
    this.#open.push(frame);
    if (!frame.fin) return;
    const [first] = this.#open;
    const payload = concat(...this.#open.map((one) => one.payload));
    this.#open = [];
    const bytes = first!.rsv === 4 ? this.#inflating.inflate(payload) : Buffer.from(payload.buffer);
    this.#reader.message(bytes, first!.opcode !== TEXT);
  }
}

/** The first frame, and what is behind it; undefined where it has not come whole. */
function takeFrame(bytes: Buffer): { readonly frame: RawFrame; readonly rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  if (bytes[1]! & 0x80) throw new Error('a server masks its frame');
  const short = bytes[1]! & 0x7f;
  const headerLength = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < headerLength) return undefined;
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const end = headerLength + length;
  if (bytes.length < end) return undefined;
  const frame = {
    ...{ fin: (bytes[0]! & 0x80) !== 0, rsv: (bytes[0]! >> 4) & 7, opcode: bytes[0]! & 15 },
    payload: bytes.subarray(headerLength, end),
  };
  return { frame, rest: bytes.subarray(end) };
}
