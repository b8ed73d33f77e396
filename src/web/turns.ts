// The next turn of the event loop, on any host: a promise alone is settled before the loop turns, and nothing else is served.

/** Fulfilled in a later turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { setImmediate } = globalThis as { readonly setImmediate?: (callback: () => void) => unknown };
    if (setImmediate !== undefined) {
      setImmediate(resolve);
    } else if (typeof MessageChannel === 'function') {
      // A browser's timers wait for at least 4 ms where they follow each other.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    } else {
      setTimeout(resolve, 0);
    }
  });
}
