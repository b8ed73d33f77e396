// What the native package `utf-8-validate` exports, on our kernel: for who stays with `ws` and puts this in its place.

import { isValidUtf8 } from '../kernel/utf8.js';

// `require` gives the function, as that of `utf-8-validate` does: the build adds what says so (scripts/name-types.mjs).
export default isValidUtf8;
