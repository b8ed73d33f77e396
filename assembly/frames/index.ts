// The ABI: all exports of build/kernel.wasm except its memory. src/kernel/kernel.ts has the contract of each function. The module
// imports nothing, allocates nothing and keeps no state between calls.

import { maskPayload, rotateKey } from './mask';

export { decode } from './decode';
export { encode } from './encode';
export { transcode } from './transcode';
export { validate } from './utf8';

export function mask(ptr: usize, length: u32, maskingKey: u32, phase: u32): void {
  maskPayload(ptr, length, rotateKey(maskingKey, phase));
}
