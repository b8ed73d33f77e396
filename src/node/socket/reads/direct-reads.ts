// Reads of a server's socket straight into the arena, by internals of node:net: what the public option `onread` of
// `net.connect` sets up for client sockets, set up for one that exists. Where those internals look different
// from those of Node 20 to 26, the socket is read by `data` events.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Connection } from '../../../connection.js';

/** Called as soon as bytes have been read: `length` of them lie at the start of the buffer. */
type OnRead = (this: Duplex, length: number, buffer: Uint8Array) => boolean;

/** The three properties under which a socket keeps what `onread` gave it. */
interface Slots {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly generator: symbol;
}

/** What is asked of the object below a socket. */
interface Handle {
  readonly reading: unknown;
  /** Called with each buffer that was read; one function for all sockets. */
  readonly onread: unknown;
  useUserBuffer(buffer: Uint8Array): unknown;
}

type Internals = Socket & { readonly _handle?: Partial<Handle> | null } & { [slot: symbol]: unknown };

/** Found out at the first call. */
let slots: Slots | undefined | null = null;

/**
 * From now on what comes in on the socket is read into `buffer`, and `onRead` called at once; there is no way back.
 *
 * All sockets of a process may share the buffer: libuv asks for it when there is something to be read, reads, and calls back
 * before it looks at another socket.
 *
 * @param buffer memory that stays where it is for as long as the process runs: it is written to by native code
 * @returns false, and nothing was done, for TLS, HTTP/2 and whatever else is no plain socket, on Windows, where reads may be
 *   pending, and where anything is not as it was in Node 20 to 26
 */
export function readInto(socket: Duplex, buffer: Uint8Array, onRead: OnRead): boolean {
  if (process.platform === 'win32' || !(socket instanceof Socket) || socket instanceof TLSSocket) return false;
  slots = slots === null ? findSlots() : slots;
  const internals = socket as Internals;
  const handle = internals._handle;
  const isKnown =
    slots !== undefined &&
    internals[slots.buffer] === null &&
    internals[slots.callback] === null &&
    internals[slots.generator] === null &&
    handle !== undefined &&
    handle !== null &&
    /^(TCP|Pipe)$/.test(handle.constructor.name) &&
    typeof handle.onread === 'function' &&
    typeof handle.useUserBuffer === 'function' &&
    !socket.connecting &&
    !socket.destroyed;
  if (!isKnown) return false;
  internals[slots!.buffer] = buffer;
  internals[slots!.callback] = onRead;
  handle.useUserBuffer!(buffer);
  return true;
}

/** Looks where sockets that were never connected keep what `onread` gave them; undefined if that cannot be told. */
function findSlots(): Slots | undefined {
  const buffer = new Uint8Array(1);
  const callback = () => true;
  const generator = () => buffer;
  const fixed = new Socket({ onread: { buffer, callback } } as object) as Internals;
  const generated = new Socket({ onread: { buffer: generator, callback } } as object) as Internals;
  const plain = new Socket() as Internals;
  const [bufferSlot, ...moreBuffers] = slotsOf(fixed, buffer);
  const [callbackSlot, ...moreCallbacks] = slotsOf(fixed, callback);
  const [generatorSlot, ...moreGenerators] = slotsOf(generated, generator);
  const found = { buffer: bufferSlot, callback: callbackSlot, generator: generatorSlot };
  const isClear =
    [moreBuffers, moreCallbacks, moreGenerators].every((more) => more.length === 0) &&
    Object.values(found).every((slot) => slot !== undefined && plain[slot] === null) &&
    fixed[found.generator!] === null &&
    found.buffer !== found.callback &&
    found.buffer !== found.generator &&
    found.callback !== found.generator;
  for (const socket of [fixed, generated, plain]) socket.destroy();
  return isClear ? (found as Slots) : undefined;
}

function slotsOf(socket: Internals, value: unknown): symbol[] {
  return Object.getOwnPropertySymbols(socket).filter((slot) => socket[slot] === value);
}

/** @returns the memory that sockets are read into, if it is WebAssembly's: native code writes there, so it must never move */
export function bufferForDirectReads(connection: Connection): Uint8Array<ArrayBuffer> | undefined {
  return connection.kernelName === 'wasm' ? connection.receiveBuffer : undefined;
}
