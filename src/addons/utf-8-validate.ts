/**
 * The exports of the native package `utf-8-validate`, on wsimd's kernel, for programs that stay with `ws` and put this in its place.
 *
 * @module wsimd/utf-8-validate
 */

import { isValidUtf8 } from '../kernel/utf8.js';

// `require` gives the function, as that of `utf-8-validate` does: the build adds what says so (scripts/name-types.mjs).
export default isValidUtf8;
