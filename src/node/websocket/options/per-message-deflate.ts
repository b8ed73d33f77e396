// The option `perMessageDeflate` of server and client: what it stands for, in the words of `ws` and in ours. It knows no
// socket.

import { type PerMessageDeflateOptions as DeflateOptions, PerMessageDeflate } from '../../../deflate/index.js';
import type { KernelChoice } from '../../../kernel/select.js';
import type { MessageCompression } from '../../../messages/compression.js';
import type { Role } from '../../../protocol/role.js';

/**
 * How messages are compressed: with the names of `ws` for the parameters of RFC 7692, or with those of `wsimd/deflate`, which
 * take precedence.
 */
export interface PerMessageDeflateOptions extends DeflateOptions {
  /** The server's messages do not refer to earlier ones. */
  readonly serverNoContextTakeover?: boolean | undefined;
  /** The client's messages do not refer to earlier ones. */
  readonly clientNoContextTakeover?: boolean | undefined;
  /** How far back the server's messages may refer, as a power of two: 8 to 15. A boolean: the default. */
  readonly serverMaxWindowBits?: number | boolean | undefined;
  /** The same for the client's messages. `true` on a client: as far as the server allows, which it offers anyway. */
  readonly clientMaxWindowBits?: number | boolean | undefined;
  /** Without effect: no zlib is involved. See `level`. */
  readonly zlibDeflateOptions?: object | undefined;
  /** Without effect. */
  readonly zlibInflateOptions?: object | undefined;
  /** Without effect: messages are compressed at once, not by a pool of threads. */
  readonly concurrencyLimit?: number | undefined;
}

/**
 * - `false`: messages are not compressed, nor accepted compressed.
 * - `true`, or options: they are, if it is negotiated. Servers and clients with equal options share one PerMessageDeflate,
 *   and with it the memory.
 * - a PerMessageDeflate of `wsimd/deflate`: that one.
 */
export type PerMessageDeflateOption = boolean | PerMessageDeflateOptions | PerMessageDeflate;

/** What a handshake has come to. */
export interface Agreed {
  /** Empty if there is none. */
  readonly protocol: string;
  /** As the header has them. */
  readonly extensions: string;
  readonly compression: MessageCompression | undefined;
}

const shared = new Map<string, PerMessageDeflate>();
/** Callers with per-connection options should pass their own `PerMessageDeflate`. */
const MAX_SHARED = 16;

/** @param option checked already @throws RangeError, TypeError for options of `wsimd/deflate` out of range */
export function perMessageDeflateFor(
  role: Role,
  option: PerMessageDeflateOption,
  kernel: KernelChoice | undefined,
): PerMessageDeflate | undefined {
  // As with `ws`, null and 0 are false, and 1 is true.
  if (!option) return undefined;
  if (option instanceof PerMessageDeflate) return option;
  const own = typeof option === 'object' ? translate(role, option) : {};
  const options = { ...(kernel === undefined ? {} : { kernel }), ...own };
  // First, as it checks the options: the key is the same for some that differ, such as NaN and Infinity.
  const deflate = new PerMessageDeflate(options);
  const key = JSON.stringify(options);
  const known = shared.get(key);
  if (known === undefined && shared.size < MAX_SHARED) shared.set(key, deflate);
  return known ?? deflate;
}

/** What is ours of a server is the peer's of a client. */
function translate(role: Role, options: PerMessageDeflateOptions): DeflateOptions {
  const {
    serverNoContextTakeover,
    clientNoContextTakeover,
    serverMaxWindowBits,
    clientMaxWindowBits,
    zlibDeflateOptions: _d,
    zlibInflateOptions: _i,
    concurrencyLimit: _c,
    threshold,
    ...rest
  } = options;
  const isServer = role === 'server';
  const translated = {
    ...withoutTakeover('deflateTakeover', isServer ? serverNoContextTakeover : clientNoContextTakeover),
    ...withoutTakeover('inflateTakeover', isServer ? clientNoContextTakeover : serverNoContextTakeover),
    ...windowBits('deflateWindowBits', isServer ? serverMaxWindowBits : clientMaxWindowBits),
    ...windowBits('inflateWindowBits', isServer ? clientMaxWindowBits : serverMaxWindowBits),
    // As with `ws`, less than 0 is 0.
    ...(typeof threshold === 'number' ? { threshold: Math.max(0, threshold) } : {}),
  };
  return { ...translated, ...rest };
}

function withoutTakeover(name: 'deflateTakeover' | 'inflateTakeover', isSaid: boolean | undefined): DeflateOptions {
  return isSaid ? { [name]: false } : {};
}

/** True, false and null name no size. */
function windowBits(
  name: 'deflateWindowBits' | 'inflateWindowBits',
  bits: number | boolean | undefined,
): DeflateOptions {
  return typeof bits === 'number' ? { [name]: bits } : {};
}
