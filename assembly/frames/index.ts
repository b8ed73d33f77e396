// The ABI: what build/kernel.wasm exports beside its memory, and nothing else. The contract of each function stands in
// src/kernel/kernel.ts. The module imports nothing, allocates nothing and keeps nothing between two calls.

import { maskPayload, rotateKey } from './mask';

export { decode } from './decode';
export { encode } from './encode';
export { transcode } from './transcode';
export { validate } from './utf8';

export function mask(ptr: usize, length: u32, maskingKey: u32, phase: u32): void {
  maskPayload(ptr, length, rotateKey(maskingKey, phase));
}
