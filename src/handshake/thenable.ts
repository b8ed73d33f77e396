// Tells promises from answers. A caller's function that was meant to answer yes or no may be `async`: its promise is truthy, even
// if it comes to false.

/** Whether this is a promise, of whichever library. One whose `then` cannot be read is a promise that rejects. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    return 'then' in value && typeof value.then === 'function';
  } catch {
    return true;
  }
}
