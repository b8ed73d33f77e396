// What can be sent, in which shapes messages are handed out, and the callbacks of a send: values of the user's ↔ bytes.

import { AsyncResource } from 'node:async_hooks';
// Not the globals: those are getters, which are called each time.
import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { joinBytes } from '../../bytes/copy.js';
import { asMessageError } from '../../protocol/errors.js';
import { nextTick } from '../socket/machinery.js';

/**
 * The values that can be sent: strings and numbers as text, everything else as binary. An array of Uint8Arrays is one message.
 * Other objects are those that `Buffer.from` takes. undefined and null are an empty message.
 */
export type Sendable =
  | string
  | number
  | ArrayBufferView
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | readonly number[]
  | readonly Uint8Array[]
  | { valueOf(): ArrayBuffer | SharedArrayBuffer | Uint8Array | readonly number[] | string }
  | { [Symbol.toPrimitive](hint: string): string };

/** How a message is sent. */
export interface SendOptions {
  /** Send it as binary (true) or text (false). Default: by its type. */
  readonly binary?: boolean | undefined;
  /** Whether this is the last fragment of its message (default true). With false, the next `send` continues it. */
  readonly fin?: boolean | undefined;
  /** Compress it (default true), if compression was negotiated and makes it shorter. */
  readonly compress?: boolean | undefined;
  /** Without effect: a client's frames are masked, a server's are not (RFC 6455 section 5.1). */
  readonly mask?: boolean | undefined;
}

/** How a binary message is delivered. */
export type BinaryType = 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob';
export const BINARY_TYPES: readonly string[] = ['nodebuffer', 'arraybuffer', 'fragments', 'blob'];

/** A message as it is delivered: text as a Buffer unless `textAs` says otherwise, binary as `binaryType` says. */
export type RawData = Buffer | ArrayBuffer | Buffer[];

/** The `data` of a `MessageEvent`: a string for a text, otherwise as `RawData`. */
export type Data = string | RawData;

/** What is sent, as far as it is at hand: a Blob is yet to be read. */
export type Payload = string | Uint8Array | Blob;

const EMPTY = new Uint8Array(0);

/** @throws TypeError for what cannot be sent */
export function toPayload(data: Sendable | null | undefined): Payload {
  if (typeof data === 'string' || types.isUint8Array(data)) return data;
  if (typeof data === 'number') return String(data);
  if (data === undefined || data === null) return EMPTY;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (types.isAnyArrayBuffer(data)) return new Uint8Array(data);
  if (isBlob(data)) return data;
  if (Array.isArray(data) && types.isUint8Array(data[0])) return joinBytes(data);
  return Buffer.from(data as Uint8Array);
}

/** Blobs of other makers than Node's count too. */
export function isBlob(data: object | string): data is Blob {
  // Bytes are told apart first: `toString` costs ten times as much.
  return (
    typeof data === 'object' &&
    !ArrayBuffer.isView(data) &&
    /^\[object (Blob|File)\]$/.test(Object.prototype.toString.call(data))
  );
}

/** How many bytes are to be sent, more or less: a string counts its UTF-16 units. */
export function sizeOf(payload: Payload): number {
  return isBlob(payload) ? payload.size : payload.length;
}

/** How many bytes are to be sent. */
export function byteLengthOf(payload: Payload): number {
  return typeof payload === 'string' ? Buffer.byteLength(payload) : sizeOf(payload);
}

/** The same bytes as a Buffer. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A binary message in the shape that was asked for. */
export function toBinaryType(bytes: Uint8Array, binaryType: BinaryType): RawData | Blob {
  switch (binaryType) {
    case 'arraybuffer':
      return toArrayBuffer(bytes);
    case 'fragments':
      return bytes.length === 0 ? [] : [toBuffer(bytes)];
    case 'blob':
      return new Blob([bytes]);
    default:
      return toBuffer(bytes);
  }
}

/**
 * The fragments of a binary message in the shape that was asked for: apart only if that is still `'fragments'` when a message is
 * delivered late. The array is reused: a second one would hold as much again for many short fragments.
 */
export function joinFragments(fragments: Uint8Array[], binaryType: BinaryType): RawData | Blob {
  if (binaryType !== 'fragments') return toBinaryType(Buffer.concat(fragments), binaryType);
  for (let i = 0; i < fragments.length; i++) fragments[i] = toBuffer(fragments[i]!);
  return fragments as Buffer[];
}

/**
 * A text message as a string, for listeners that are given strings.
 *
 * @throws ProtocolError `WSIMD_ENGINE_LIMIT` for one that is too long: not the listener's error, so the connection fails for it
 */
export function toText(message: string | RawData): string {
  try {
    return message.toString();
  } catch (cause) {
    throw asMessageError(cause);
  }
}

function toArrayBuffer({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  const isAll = byteLength === buffer.byteLength;
  return (isAll ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}

/** Called when what was sent has been handed to the system, or with the error that it could not be: null or undefined for none. */
export type SendCallback = (error?: Error | null) => void;

/** A `SendCallback` as callers may write it, in the words of the types of `ws`. */
export type SentCallback = (error?: Error) => void;

/** The same for pings and pongs, where the types of `ws` say that an error is always there. */
export type ControlCallback = SentCallback | ((error: Error) => void);

/** An argument as the callback that it is; anything else counts as none. */
export function asCallback(argument: unknown): SendCallback | undefined {
  return typeof argument === 'function' ? (argument as SendCallback) : undefined;
}

/** A callback that is to be called later, guarded, in the async context of this call: one write calls several of them. */
export function inOwnContext(callback: SendCallback): SendCallback {
  const context = new AsyncResource('WSIMD_SEND', CONTEXT_OPTIONS);
  return (error) => {
    // Not `callGuarded` in the context: another call and argument take 3 % of a `send` with a callback.
    try {
      context.runInAsyncScope(callback, undefined, error);
    } catch (thrown) {
      context.runInAsyncScope(throwLater, undefined, thrown);
    }
    context.emitDestroy();
  };
}

/** Calls a callback. If it throws, the error becomes an uncaught exception, and our caller goes on: others may depend on it. */
export function callGuarded(callback: SendCallback, error?: Error | null): void {
  try {
    callback(error);
  } catch (thrown) {
    throwLater(thrown);
  }
}

/** Makes an error an uncaught exception. */
export function throwLater(error: unknown): void {
  nextTick(() => {
    throw error;
  });
}

/** With hooks for `destroy`, a finalizer for each would cost 5 times as much as `emitDestroy`. */
export const CONTEXT_OPTIONS = { requireManualDestroy: true };

/** The arguments of `ping` and `pong`: the callback may stand in any place. */
export type ControlArguments = [
  data?: Sendable | ControlCallback,
  mask?: boolean | ControlCallback,
  callback?: ControlCallback,
];

/** @throws TypeError for what cannot be sent */
export function readControlArguments(args: ControlArguments): [payload: Payload, callback: SendCallback | undefined] {
  const [data] = args;
  const callback = args.find((arg) => typeof arg === 'function');
  return [toPayload(typeof data === 'function' ? undefined : data), asCallback(callback)];
}

/** One for several. They are guarded, or called by a socket, which may see what they throw. */
export function joinCallbacks(callbacks: readonly SendCallback[]): SendCallback {
  if (callbacks.length === 1) return callbacks[0]!;
  return (error) => {
    for (const callback of callbacks) callGuarded(callback, error);
  };
}
