// The ABI of the deflate module: what build/deflate.wasm exports beside its memory, and nothing else. The contract of each
// function stands in src/deflate/kernel/deflate-kernel.ts. The module imports nothing and allocates nothing.

export { initContext, remember } from './context';
export { deflate } from './compress/deflate';
export { inflate } from './inflate/inflate';
export { transcode } from '../frames/transcode';
