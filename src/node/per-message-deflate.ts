// The option `perMessageDeflate` of server and client: what it stands for. It knows no socket.

import { PerMessageDeflate, type PerMessageDeflateOptions } from '../compression/index.js';
import type { KernelChoice } from '../kernel/select.js';

/**
 * - `false` (default): messages are not compressed, nor taken compressed.
 * - `true`, or options: they are, if the peer agrees. Who says the same shares the memory: of servers and clients with
 *   equal options there is one PerMessageDeflate.
 * - a PerMessageDeflate: that one.
 */
export type PerMessageDeflateOption = boolean | PerMessageDeflateOptions | PerMessageDeflate;

const shared = new Map<string, PerMessageDeflate>();
/** Who makes up options for each connection had better bring a PerMessageDeflate. */
const MAX_SHARED = 16;

/** @throws RangeError, TypeError for options out of range */
export function perMessageDeflateFor(
  option: PerMessageDeflateOption | undefined,
  kernel: KernelChoice | undefined,
): PerMessageDeflate | undefined {
  if (option === undefined || option === false) return undefined;
  if (option instanceof PerMessageDeflate) return option;
  const options = { ...(kernel === undefined ? {} : { kernel }), ...(option === true ? {} : option) };
  const key = JSON.stringify(options);
  let deflate = shared.get(key);
  if (deflate === undefined) {
    deflate = new PerMessageDeflate(options);
    if (shared.size < MAX_SHARED) shared.set(key, deflate);
  }
  return deflate;
}
