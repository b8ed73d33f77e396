/**
 * permessage-deflate (RFC 7692): negotiation, compression and decompression. Apart from the core, so that programs without
 * compression don't carry it.
 *
 * @module wsimd/deflate
 */

export type { CompressedForm } from '../frames/prepared-message.js';
export type { CompiledModule } from '../kernel/wasm/wasm.js';
export type { CompressionCounts, MessageCompression, MessageDecompression } from '../messages/compression.js';
export { initDeflate } from './kernel/select-deflate.js';
export type { DeflateLevel } from './message-deflater.js';
export { PerMessageDeflate, type PerMessageDeflateOptions, type PoolUse } from './per-message-deflate.js';
