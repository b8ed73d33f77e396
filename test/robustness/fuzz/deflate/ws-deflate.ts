// What `ws` makes of a connection with permessage-deflate: its receiver with its extension, which is zlib as a stream; and the
// places where it is known to differ from the RFC or from us. Whatever differs and is not of this list is a divergence.

import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import { constants, inflateRawSync } from 'node:zlib';
import { concat } from '../../../support/frames/wire.js';
import type { DeflateCase, DeflateMessage } from './deflate-case.js';

interface PerMessageDeflate {
  accept(offers: readonly Record<string, readonly (string | true)[]>[]): void;
  cleanup(): void;
}
interface ReceiverOptions {
  readonly isServer: boolean;
  readonly maxPayload: number;
  readonly extensions: Readonly<Record<string, PerMessageDeflate>>;
}

const { Receiver, PerMessageDeflate } = createRequire(import.meta.url)('ws') as {
  Receiver: new (options: ReceiverOptions) => Writable;
  PerMessageDeflate: new (options: { isServer: boolean; maxPayload: number }) => PerMessageDeflate;
};

export interface WsDeflateResult {
  readonly messages: readonly { readonly isText: boolean; readonly data: Uint8Array }[];
  /** What it fails the connection with. */
  readonly closeCode: number | undefined;
}

export async function inflateWithWs(
  { windowBits, takeover, maxMessageLength: maxPayload }: DeflateCase,
  chunks: readonly Uint8Array[],
): Promise<WsDeflateResult> {
  const deflate = new PerMessageDeflate({ isServer: true, maxPayload });
  deflate.accept([
    { client_max_window_bits: [String(windowBits)], ...(takeover ? {} : { client_no_context_takeover: [true] }) },
  ]);
  const receiver = new Receiver({ isServer: true, maxPayload, extensions: { 'permessage-deflate': deflate } });
  const messages: { isText: boolean; data: Uint8Array }[] = [];
  let closeCode: number | undefined;
  receiver.on('message', (data: Buffer, isBinary: boolean) => messages.push({ isText: !isBinary, data }));
  receiver.on('error', () => {});
  try {
    for (const chunk of chunks) {
      // Its frames are parts of the chunk, unmasked in place.
      const error = await new Promise<unknown>((resolve) => receiver.write(Buffer.from(chunk), resolve));
      if (!(error instanceof Error)) continue;
      const status = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code');
      closeCode = Number(status && Reflect.get(error, status));
      break;
    }
  } finally {
    deflate.cleanup();
  }
  return { messages, closeCode };
}

/** Where we and `ws` part: at a message that only one of us delivers, or that both do and not alike. */
export interface Parting {
  readonly fuzzCase: DeflateCase;
  readonly message: DeflateMessage;
  /** What was remembered before it. */
  readonly history: Uint8Array;
  /** Messages before it that went into what `ws` remembers, each with what was remembered before. */
  readonly before: readonly { readonly message: DeflateMessage; readonly history: Uint8Array }[];
  /** What we fail the connection with there, as `ProtocolError.code` without its prefix. */
  readonly ourError: string | undefined;
  readonly theirCloseCode: number | undefined;
}

export interface DeflateDifference {
  readonly name: string;
  readonly why: string;
  /** Compressed messages on which it shows, in hexadecimal. */
  readonly example: Pick<DeflateCase, 'windowBits' | 'takeover' | 'maxMessageLength'> & {
    readonly payloads: readonly string[];
    /** They are texts, not binary. */
    readonly isText?: true;
  };
  explains(parting: Parting): boolean;
}

const PLAIN = { windowBits: 15, takeover: true, maxMessageLength: 2 ** 24 };

export const DEFLATE_DIFFERENCES: readonly DeflateDifference[] = [
  {
    name: 'a limit of 0 is none',
    why: 'maxPayload 0 means no limit to ws; to us it means empty messages only.',
    example: { ...PLAIN, maxMessageLength: 0, payloads: ['4a0400'] },
    explains: ({ fuzzCase, ourError }) => fuzzCase.maxMessageLength === 0 && ourError === 'MESSAGE_TOO_LONG',
  },
  {
    name: 'a block with BFINAL ends what zlib reads',
    why: 'ws leaves out what follows it in its message, against RFC 7692 section 7.2.3.4, and forgets what came before.',
    example: { ...PLAIN, payloads: ['4b04004a0200'] },
    explains: ({ message, history, before, fuzzCase }) =>
      hasFinalBlock(message, history) ||
      (fuzzCase.takeover && before.some((one) => hasFinalBlock(one.message, one.history))),
  },
  {
    name: 'what is cut short passes',
    why: 'zlib waits for the rest and ws for nothing: what came out until then is the message. To us it is no deflate.',
    example: { ...PLAIN, payloads: ['4a'] },
    explains: ({ message, history, ourError, theirCloseCode }) =>
      ourError !== undefined && theirCloseCode === undefined && !isInStep(message, history),
  },
  {
    name: 'a message that lacks its empty block puts ws out of step',
    why: 'We take a message that ends before the four bytes too; zlib takes them for the start of what the next one brings.',
    example: { ...PLAIN, payloads: ['', '4a0400'] },
    explains: ({ before, fuzzCase }) => fuzzCase.takeover && before.some((one) => !isInStep(one.message, one.history)),
  },
  {
    name: 'a distance beyond a small window passes',
    why: 'zlib looks back into what one call has put out, however small the window that was agreed on.',
    example: { ...PLAIN, windowBits: 8, payloads: ['4a4c4a4e494d4bcfa8180544834468980100'] },
    explains: ({ fuzzCase, ourError, theirCloseCode }) =>
      fuzzCase.windowBits < 15 && ourError === 'INVALID_DEFLATE' && theirCloseCode === undefined,
  },
  {
    name: 'of two faults in a message the other is found first',
    why: 'ws validates text when its message is whole, we while it is inflated: 1007 here may be 1009 there.',
    example: { ...PLAIN, maxMessageLength: 20, payloads: ['fa9f48070000'], isText: true },
    explains: ({ ourError, theirCloseCode }) => ourError !== undefined && theirCloseCode !== undefined,
  },
];

const TRAILER = Uint8Array.of(0, 0, 0xff, 0xff);
/** An empty stored block with BFINAL, and the same behind one without. */
const ENDS = [Uint8Array.of(1, 0, 0, 0xff, 0xff), Uint8Array.of(0, 0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff)];

/** With the four bytes behind it, it ends at the border of a block, and no block before has BFINAL. */
function isInStep({ payload, isCompressed }: DeflateMessage, history: Uint8Array): boolean {
  if (!isCompressed) return true;
  const blocks = concat(payload, TRAILER);
  return ENDS.every(
    (end) => bytesRead(concat(blocks, end), history, constants.Z_FINISH) === blocks.length + end.length,
  );
}

function hasFinalBlock({ payload, isCompressed }: DeflateMessage, history: Uint8Array): boolean {
  if (!isCompressed) return false;
  const input = concat(payload, TRAILER, Uint8Array.of(0));
  const read = bytesRead(input, history, constants.Z_SYNC_FLUSH);
  return read !== undefined && read < input.length;
}

/** How much zlib reads; undefined where it fails. */
function bytesRead(input: Uint8Array, dictionary: Uint8Array, finishFlush: number): number | undefined {
  try {
    const options = { finishFlush, info: true, ...(dictionary.length > 0 ? { dictionary } : {}) };
    const result: unknown = inflateRawSync(input, options);
    return (result as { engine: { bytesWritten: number } }).engine.bytesWritten;
  } catch {
    return undefined;
  }
}
