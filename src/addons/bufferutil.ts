// What the native package `bufferutil` exports, on our kernel: for who stays with `ws` and puts this in its place.

export { mask, unmask } from '../kernel/mask.js';
