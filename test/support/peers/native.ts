// The packages that wsimd is held against, `ws` and `bufferutil`, with the parts of them that their types leave out.

import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import { concat } from '../frames/wire.js';

const load = createRequire(import.meta.url);

interface WsFrameOptions {
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly opcode: number;
  readonly mask: boolean;
  readonly readOnly: boolean;
}

interface Ws {
  readonly Receiver: new (options: { isServer: boolean; maxPayload: number }) => Writable;
  readonly Sender: { frame(data: Buffer, options: WsFrameOptions): Buffer[] };
}

interface BufferUtil {
  mask(source: Buffer, mask: Buffer, output: Buffer, offset: number, length: number): void;
  unmask(buffer: Buffer, mask: Buffer): void;
}

const { Receiver, Sender } = load('ws') as Ws;
export const bufferUtil = load('bufferutil') as BufferUtil;

export interface Received {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** What the receiver of `ws`, at this end, makes of bytes. */
export function receiveWithWs(role: 'client' | 'server', bytes: Uint8Array): Received[] {
  const received: Received[] = [];
  const receiver = new Receiver({ isServer: role === 'server', maxPayload: 0 });
  receiver.on('message', (data: Buffer, isBinary: boolean) => received.push({ data: Buffer.from(data), isBinary }));
  receiver.on('error', (error: Error) => {
    throw error;
  });
  receiver.write(Buffer.from(bytes));
  return received;
}

/** A frame that the sender of `ws` makes for this end: masked for a server. */
export function frameWithWs(role: 'client' | 'server', opcode: number, data: Uint8Array, fin = true): Uint8Array {
  const options = { fin, rsv1: false, opcode, mask: role === 'server', readOnly: true };
  return concat(...Sender.frame(Buffer.from(data), options));
}
