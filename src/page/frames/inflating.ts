// What compressed messages held, for showing: one inflater for each direction of a connection, whatever its two ends agreed
// on. Knows no frame and no DOM.

import { PerMessageDeflate } from '../../deflate/index.js';
import { EXTENSION_NAME } from '../../deflate/parameters.js';
import type { MessageCompression } from '../../messages/compression.js';

let deflate: PerMessageDeflate | undefined;

/**
 * An inflater with the largest window, which reads what was sent with any. To be released.
 *
 * @throws ProtocolError `WSIMD_NO_KERNEL`
 */
export function createInflater(): MessageCompression {
  deflate ??= new PerMessageDeflate({ deflateTakeover: false, poolLength: 2 ** 20 });
  return deflate.forServer([{ name: EXTENSION_NAME, parameters: [] }])!;
}

/** Whether compression was negotiated, by the Sec-WebSocket-Extensions of a response. */
export function isCompressionIn(extensions: readonly { readonly name: string }[]): boolean {
  return extensions.some(({ name }) => name === EXTENSION_NAME);
}
