// What the receiver of `ws` makes of a stream, and the places where it is known to differ from the RFC or from us. Whatever
// differs and is not of this list is a divergence.

import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import type { ReferenceEvent, ReferenceResult } from '../../../support/oracles/reference-decoder.js';
import type { FuzzCase } from './generate.js';

interface Receiver extends Writable {
  end(): this;
}

const { Receiver } = createRequire(import.meta.url)('ws') as {
  Receiver: new (options: { isServer: boolean; maxPayload: number; skipUTF8Validation: boolean }) => Receiver;
};

export interface WsResult {
  readonly events: ReferenceEvent[];
  /** What it fails the connection with. */
  readonly closeCode: number | undefined;
}

/** The receiver is called below the queue of its stream, which would grow as long as nothing lets it drain. */
export function receiveWithWs({ role, options }: FuzzCase, chunks: readonly Uint8Array[]): WsResult {
  const events: ReferenceEvent[] = [];
  let [isOver, closeCode]: [boolean, number | undefined] = [false, undefined];
  const receiver = new Receiver({
    isServer: role === 'server',
    maxPayload: options.maxMessageLength ?? 16 * 1024 * 1024,
    skipUTF8Validation: options.skipUtf8Validation ?? false,
  });
  receiver.on('message', (payload: Buffer, isBinary: boolean) =>
    events.push({ type: isBinary ? 'binary' : 'text', payload }),
  );
  receiver.on('ping', (payload: Buffer) => events.push({ type: 'ping', payload }));
  receiver.on('pong', (payload: Buffer) => events.push({ type: 'pong', payload }));
  receiver.on('conclude', (code: number, payload: Buffer) => events.push({ type: 'close', closeCode: code, payload }));
  receiver.end = () => {
    isOver = true;
    return receiver;
  };
  const done = (error?: Error | null) => {
    if (!error) return;
    isOver = true;
    const status = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code');
    closeCode = status === undefined ? undefined : Number(Reflect.get(error, status));
  };
  for (const chunk of chunks) {
    // Its frames are parts of the chunk, unmasked in place.
    if (!isOver) receiver._write(Buffer.from(chunk), 'binary', done);
  }
  return { events, closeCode };
}

export interface Difference {
  readonly name: string;
  readonly why: string;
  /** A stream to a server on which it shows, in hexadecimal; and what the limits must be for it. */
  readonly example: string;
  readonly options?: FuzzCase['options'];
  /** Whether it explains that `ws` made this of the stream. Its events begin with ours in any case. */
  explains(ours: ReferenceResult, theirs: WsResult, fuzzCase: FuzzCase): boolean;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'lengths not in their shortest form',
    why: 'ws takes a length in any form, where RFC 6455 section 5.2 says MUST; what follows it reads on.',
    example: '82fe000000000000',
    explains: ({ failure }) => failure?.rule === 'LENGTH_NOT_MINIMAL',
  },
  {
    name: 'the top bit of a 64-bit length',
    why: 'ws fails with 1009, as for any length from 2^53 on; the bit "MUST be 0", so we say 1002.',
    example: '82ff800000000000000000000000',
    explains: ({ failure, events }, theirs) =>
      failure?.rule === 'LENGTH_TOP_BIT' && theirs.closeCode === 1009 && theirs.events.length === events.length,
  },
  {
    name: 'text is validated when its message is whole',
    why: 'ws does not fail fast: pings, pongs, a Close or another error may come before the end of the message, or nothing.',
    example: '018100000000ff898000000000',
    explains: ({ failure, events }, theirs) =>
      failure?.rule === 'INVALID_UTF8' &&
      theirs.events.slice(events.length).every(({ type }) => type !== 'text' && type !== 'binary'),
  },
  {
    name: 'a Close is read when it is whole',
    why: 'ws looks at the code once all of the payload has come; we with its second byte.',
    example: '888500000000000561',
    explains: ({ failure, events }, theirs, { bytes }) =>
      failure?.rule === 'CLOSE_CODE' &&
      theirs.closeCode === undefined &&
      theirs.events.length === events.length &&
      bytes.length - failure.offset < 125,
  },
  {
    name: 'a length over the limit is refused before the masking key has come',
    why: 'ws needs the length only; we check a header when it is whole, up to 4 bytes later.',
    example: '82ff0000000001000001',
    explains: ({ failure, events, end }, theirs, { role, bytes }) =>
      failure === undefined &&
      theirs.closeCode === 1009 &&
      role === 'server' &&
      theirs.events.length === events.length &&
      bytes.length - end < 14,
  },
  {
    name: 'no limit on frames',
    why: 'ws limits messages only; maxFrameLength is ours.',
    example: '82820000000000ff',
    options: { maxFrameLength: 1 },
    explains: ({ failure }, _, { options }) =>
      failure?.rule === 'FRAME_TOO_LONG' && options.maxFrameLength !== undefined,
  },
  {
    name: 'a message limit of 2^31 or more is another',
    why: 'ws keeps the low 32 bits of maxPayload, signed: 2^53 - 1 becomes -1, which is no limit.',
    example: '028200000000000080ff001fffffffffffff00000000',
    options: { maxMessageLength: 2 ** 53 - 1 },
    explains: ({ failure }, _, { options }) =>
      failure?.rule === 'MESSAGE_TOO_LONG' && options.maxMessageLength! >= 2 ** 31,
  },
  {
    name: 'a message limit of 0 is none',
    why: 'maxPayload 0 means no limit to ws; to us it means empty messages only.',
    example: '82820000000000ff',
    options: { maxMessageLength: 0 },
    explains: ({ failure }, _, { options }) => failure?.rule === 'MESSAGE_TOO_LONG' && options.maxMessageLength === 0,
  },
];
