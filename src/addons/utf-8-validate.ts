// What the native package `utf-8-validate` exports, on our kernel: for who stays with `ws` and puts this in its place.

import { isValidUtf8 } from '../frames/utf8.js';

export default isValidUtf8;
// What `require` gives, as that of `utf-8-validate` does: the function.
export { isValidUtf8 as 'module.exports' };
