// Keeps the event loop awake while bytes pass. An event loop that waits for the system has to be woken, which takes as long as all the
// rest of relaying a short message (bench: `proxy`), and an answer often comes soon.

import { availableParallelism } from 'node:os';

/** Milliseconds for which the loop stays awake behind bytes that passed. */
const DURATION = 0.2;
/** On a single core the loop would hold up those that it waits for. */
const isOfUse = availableParallelism() > 1;
let end = 0;
let isAwake = false;

/** Bytes have passed: more may come soon. */
export function stayAwake(): void {
  if (!isOfUse) return;
  end = performance.now() + DURATION;
  if (isAwake) return;
  isAwake = true;
  setImmediate(look);
}

function look(): void {
  isAwake = performance.now() < end;
  if (isAwake) setImmediate(look);
}
