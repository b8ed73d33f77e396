// Deliberate faults, each with the tests that must fail for it. `find` stands once in the file. Each is one that somebody
// could make: a bound that is off by one, a state that is lost at a cut, a check left out. They are in faults/, by area.

import { DEFLATE } from './faults/deflate.mjs';
import { HANDSHAKE } from './faults/handshake.mjs';
import { KERNEL } from './faults/kernel.mjs';
import { READING } from './faults/reading.mjs';
import { RECEIVING } from './faults/receiving.mjs';
import { SENDING } from './faults/sending.mjs';

/** Each is [what is wrong, file, find, replace, tests]. */
export const MUTATIONS = [...KERNEL, ...RECEIVING, ...SENDING, ...HANDSHAKE, ...DEFLATE, ...READING];
