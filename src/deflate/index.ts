// The public face of permessage-deflate (`wsimd/deflate`): apart from the core, so that who does not compress does not carry
// it.

export type { CompressedForm } from '../frames/prepared-message.js';
export type { CompiledModule } from '../kernel/wasm/wasm.js';
export type { MessageCompression, MessageDecompression } from '../messages/compression.js';
export { initDeflate } from './kernel/select-deflate.js';
export type { DeflateLevel } from './message-deflater.js';
export { PerMessageDeflate, type PerMessageDeflateOptions, type PoolUse } from './per-message-deflate.js';
