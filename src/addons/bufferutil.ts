/**
 * The exports of the native package `bufferutil`, on wsimd's kernel, for programs that stay with `ws` and put this in its place.
 *
 * @module wsimd/bufferutil
 */

export { mask, unmask } from '../kernel/mask.js';
