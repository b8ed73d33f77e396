// Everything that the host does faster than portable code: making strings from bytes and bytes from strings, and allocating memory
// without zeroing it. Uses Node's `Buffer` where it is a global (Node and Bun), and TextDecoder and TextEncoder elsewhere.

import { copyBytes } from './copy.js';
import {
  BUFFER_COPY_LOOP_LENGTH,
  COMMON_COPY_LENGTH,
  HEAP_LENGTH,
  READ_LOOP_LENGTH,
  ZEROED_LENGTH,
} from './thresholds.js';

/** The methods of Node's Buffer that cost least: they exist on its prototype and take any Uint8Array as `this`. */
interface HostBuffer {
  copy(target: Uint8Array, at: number, start: number, end: number): number;
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number, length: number): number;
}

/** Makes a view on memory. */
export type BytesConstructor = new <B extends ArrayBufferLike>(
  buffer: B,
  byteOffset: number,
  length: number,
) => Uint8Array<B>;

interface HostBufferConstructor {
  readonly prototype: HostBuffer;
  /** The class of Buffers. Its constructor makes a view and nothing else. */
  readonly [Symbol.species]: BytesConstructor;
  /** Length of the shared buffers from which Node cuts short ones. The program may set it. */
  readonly poolSize: number;
  allocUnsafe(length: number): Uint8Array<ArrayBuffer>;
  allocUnsafeSlow(length: number): Uint8Array<ArrayBuffer>;
  byteLength(text: string): number;
  isBuffer(value: unknown): boolean;
}

/** Strings and bytes, made in the way that is fastest on this host. */
export interface Host {
  /** The string of ASCII bytes `start` to `end`. */
  readAscii(bytes: Uint8Array, start: number, end: number): string;
  /** The string of valid UTF-8 bytes `start` to `end`. A byte order mark is kept: RFC 6455 gives it no meaning. */
  readUtf8(bytes: Uint8Array, start: number, end: number): string;
  /** The string of little-endian UTF-16 units in the bytes `start` to `end`. Exists only where the host makes it by a plain copy. */
  readonly readUtf16?: (bytes: Uint8Array, start: number, end: number) => string;
  /** Whether `readUtf8` outruns the kernel's transcoding with `readUtf16`, except for runs of three-byte characters: V8 from 13 on, Bun. */
  readonly isUtf8Fast?: boolean;
  /**
   * Writes a string as UTF-8 from `offset` on, a lone surrogate as U+FFFD.
   *
   * @param target has room for all of it: up to 3 bytes for each UTF-16 unit
   * @returns how many bytes were written
   */
  writeUtf8(text: string, target: Uint8Array, offset: number): number;
  /** How many bytes `writeUtf8` writes. */
  utf8Length(text: string): number;
  /**
   * The class for views of a buffer: that of Buffers for a Buffer, else Uint8Array. `subarray` makes the same views, two to
   * three times slower.
   */
  bytesClass(bytes: Uint8Array): BytesConstructor;
  /**
   * An uninitialized buffer. The caller must overwrite all of it before it is visible to anyone else. On Node, a buffer of 65 to
   * 2047 bytes shares its `ArrayBuffer` with others, like those of `Buffer.allocUnsafe`.
   */
  allocate(length: number): Uint8Array<ArrayBuffer>;
  /** Copies the bytes into new memory. On Node, a copy of 65 to 1024 bytes shares its `ArrayBuffer`, as with `allocate`. */
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Copies the bytes `start` to `end` of `source` into `target`, from `at` on. The buffers do not overlap. */
  copyInto(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void;
  /**
   * Like `allocate`, for buffers of which views are handed out (see `bytesClass`): a Buffer on Node. A short one shares its
   * `ArrayBuffer`.
   */
  allocateForParts(length: number): Uint8Array<ArrayBuffer>;
}

/** See `takeAllocatedLength`. */
let allocatedLength = 0;

/**
 * Bytes allocated since the last call, which pace the garbage collector on Node. Not counted: short buffers of `allocate`, copies that
 * share an ArrayBuffer, and on hosts without Buffer everything but copies.
 */
export function takeAllocatedLength(): number {
  const length = allocatedLength;
  allocatedLength = 0;
  return length;
}

function nodeHost(HostBuffer: HostBufferConstructor, isUtf8Fast: boolean): Host {
  const { prototype, allocUnsafe, allocUnsafeSlow, byteLength, isBuffer, [Symbol.species]: BufferPart } = HostBuffer;
  const { copy, latin1Slice, utf8Slice, ucs2Slice, utf8Write } = prototype;
  const isPooling = isCut(takeCommon(HostBuffer));
  return {
    bytesClass: (bytes) => (isBuffer(bytes) ? BufferPart : Uint8Array),
    readAscii: (bytes, start, end) => latin1Slice.call(bytes, start, end),
    readUtf8: (bytes, start, end) => utf8Slice.call(bytes, start, end),
    readUtf16: (bytes, start, end) => ucs2Slice.call(bytes, start, end),
    isUtf8Fast,
    writeUtf8: (text, target, offset) => utf8Write.call(target, text, offset, target.length - offset),
    utf8Length: (text) => byteLength(text),
    allocate: (length) => {
      if (length <= (isPooling ? HEAP_LENGTH : ZEROED_LENGTH)) return new Uint8Array(length);
      allocatedLength += length;
      const bytes = length < POOLED_LENGTH ? allocUnsafe(length) : allocUnsafeSlow(length);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
    },
    copy: isPooling ? pooledCopy(HostBuffer) : copyOf,
    copyInto: (source, start, end, target, at) => {
      if (end - start <= BUFFER_COPY_LOOP_LENGTH) copyBytes(source, start, end, target, at);
      else copy.call(source, target, at, start, end);
    },
    allocateForParts: (length) => {
      allocatedLength += length;
      return length < POOLED_LENGTH ? allocUnsafe(length) : allocUnsafeSlow(length);
    },
  };
}

/** Whether a buffer shares its ArrayBuffer: Node's `allocUnsafe` cuts short buffers from a shared one, Bun's does not. */
const isCut = ({ buffer, length }: Uint8Array) => buffer.byteLength > length;

/** The most of a shared buffer that one call may take: somewhat less than half. */
const takeCommon = (HostBuffer: HostBufferConstructor) =>
  HostBuffer.allocUnsafe(Math.max(0, (HostBuffer.poolSize >>> 1) - 8));

/**
 * Copies into views of a shared buffer where the host has one: in V8, an ArrayBuffer for each copy costs many times as much. Takes the
 * largest pieces that it can: a copy of 1 KiB costs 140 ns from pieces of 64 KiB (Node 26), and 230 ns from pieces of 4 KiB.
 */
function pooledCopy(HostBuffer: HostBufferConstructor): Host['copy'] {
  // In V8 each of these properties is a call, so they are read once for each piece.
  let { buffer, byteOffset: next } = HostBuffer.allocUnsafe(0);
  let end = next;
  return (bytes) => {
    const { length } = bytes;
    if (length <= HEAP_LENGTH || length > COMMON_COPY_LENGTH) return copyOf(bytes);
    if (next + length > end) {
      const common = takeCommon(HostBuffer);
      // The program has set `Buffer.poolSize` to 0, or to little.
      if (!isCut(common) || common.length < length) return copyOf(bytes);
      ({ buffer, byteOffset: next } = common);
      end = next + common.length;
    }
    const copy = new Uint8Array(buffer, next, length);
    copy.set(bytes);
    next += length;
    return copy;
  };
}

/** Uses the constructor, not `slice`: a quarter faster up to 512 bytes in V8 and JavaScriptCore, and never slower above. */
const copyOf: Host['copy'] = (bytes) => {
  allocatedLength += bytes.length;
  return new Uint8Array(bytes);
};

function webHost(): Host {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const encoder = new TextEncoder();
  const read = (bytes: Uint8Array, start: number, end: number) => decoder.decode(bytes.subarray(start, end));
  return {
    bytesClass: () => Uint8Array,
    readAscii: (bytes, start, end) =>
      end - start <= READ_LOOP_LENGTH ? readShortAscii(bytes, start, end) : read(bytes, start, end),
    readUtf8: read,
    writeUtf8: (text, target, offset) => encoder.encodeInto(text, target.subarray(offset)).written,
    utf8Length: portableUtf8Length,
    allocate: (length) => new Uint8Array(length),
    copy: copyOf,
    copyInto: copyBytes,
    allocateForParts: (length) => new Uint8Array(length),
  };
}

/** Eight characters a call: one at a time would make a string for each. */
function readShortAscii(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let i = start;
  for (; i < end - 7; i += 8) {
    text += String.fromCharCode(
      bytes[i]!,
      bytes[i + 1]!,
      bytes[i + 2]!,
      bytes[i + 3]!,
      bytes[i + 4]!,
      bytes[i + 5]!,
      bytes[i + 6]!,
      bytes[i + 7]!,
    );
  }
  for (; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** A string as UTF-8, in a buffer of its own. */
export function encodeUtf8(host: Host, text: string): Uint8Array<ArrayBuffer> {
  const bytes = host.allocate(host.utf8Length(text));
  host.writeUtf8(text, bytes, 0);
  return bytes;
}

/** A view of these bytes, of the same class. @param offset where it starts in them */
export function partOf(host: Host, bytes: Uint8Array, offset: number, length: number): Uint8Array {
  return new (host.bytesClass(bytes))(bytes.buffer, bytes.byteOffset + offset, length);
}

/** Node cuts buffers below this length from a shared one, which cannot be transferred. */
export const POOLED_LENGTH = 2048;

/** The length of a string in UTF-8, in bytes. A lone surrogate counts as U+FFFD. */
export function portableUtf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    length++;
    if (unit < 0x800) continue;
    length++;
    // A surrogate pair is two units and four bytes: count two more for its first unit, none for its second.
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        i++;
      }
    }
  }
  return length;
}

/** Node's native functions for buffers outside the kernel's memory. A function that this Node lacks is undefined. */
export interface NativeBytes {
  /** `http.websocketMask`, from Node 26.12 on: `length` bytes of `source` into `output`, from `offset` of `output` on. */
  readonly mask?: (source: Uint8Array, key: Uint8Array, output: Uint8Array, offset: number, length: number) => void;
  /** `isUtf8` of `node:buffer`. */
  readonly isUtf8?: (bytes: Uint8Array) => boolean;
  /** `isAscii` of `node:buffer`. */
  readonly isAscii?: (bytes: Uint8Array) => boolean;
}

interface ScopeOfNode {
  readonly Bun?: unknown;
  readonly Deno?: unknown;
  readonly process?: {
    readonly getBuiltinModule?: (name: string) => object | undefined;
    readonly versions?: { readonly v8?: string };
  };
}

const NO_NATIVE_BYTES: NativeBytes = {};
let native: NativeBytes | undefined;

/** Node's native functions; looked up at the first call, which loads `node:http`. */
export function getNativeBytes(): NativeBytes {
  native ??= findNativeBytes();
  return native;
}

/** Only on Node: the functions that Bun and Deno have under these names are slower than the kernel. */
export function findNativeBytes(scope: object = globalThis): NativeBytes {
  const { Bun, Deno, process } = scope as ScopeOfNode;
  if (Bun !== undefined || Deno !== undefined || typeof process?.getBuiltinModule !== 'function')
    return NO_NATIVE_BYTES;
  const { websocketMask } = (process.getBuiltinModule('node:http') ?? {}) as { websocketMask?: NativeBytes['mask'] };
  const { isUtf8, isAscii } = (process.getBuiltinModule('node:buffer') ?? {}) as Omit<NativeBytes, 'mask'>;
  return { ...(websocketMask && { mask: websocketMask }), ...(isUtf8 && { isUtf8 }), ...(isAscii && { isAscii }) };
}

let host: Host | undefined;

/** The host's functions, chosen at the first call. */
export function getHost(): Host {
  host ??= makeHost();
  return host;
}

/** Node's functions if the global `Buffer` has everything that they need, else those of the web. */
export function makeHost(scope: object = globalThis): Host {
  const { Buffer } = scope as { Buffer?: HostBufferConstructor };
  const isComplete =
    typeof Buffer?.allocUnsafe === 'function' &&
    typeof Buffer.allocUnsafeSlow === 'function' &&
    typeof Buffer.byteLength === 'function' &&
    typeof Buffer.isBuffer === 'function' &&
    typeof Buffer[Symbol.species] === 'function' &&
    typeof Buffer.prototype?.copy === 'function' &&
    typeof Buffer.prototype.latin1Slice === 'function' &&
    typeof Buffer.prototype.utf8Slice === 'function' &&
    typeof Buffer.prototype.ucs2Slice === 'function' &&
    typeof Buffer.prototype.utf8Write === 'function';
  return isComplete ? nodeHost(Buffer, isUtf8FastOn(scope)) : webHost();
}

/** The first V8 that decodes UTF-8 at 2-8 GB/s: Node 24 has 13.6. V8 12 takes ten times as long. */
const FAST_UTF8_V8 = 13;

/** Bun and Deno state a version of V8 too, but decode by other means: Bun as fast as V8 13, Deno slower. */
function isUtf8FastOn(scope: object): boolean {
  const { Bun, Deno, process } = scope as ScopeOfNode;
  if (Bun !== undefined || Deno !== undefined) return Bun !== undefined;
  return Number.parseInt(process?.versions?.v8 ?? '', 10) >= FAST_UTF8_V8;
}
