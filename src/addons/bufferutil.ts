// The exports of the native package `bufferutil`, on wsimd's kernel, for programs that stay with `ws` and put this in its place.

export { mask, unmask } from '../kernel/mask.js';
