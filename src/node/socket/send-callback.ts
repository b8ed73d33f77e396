// Who is told when what was sent has left. It knows no socket.

// Not the global: that is a getter, which is called each time.
import process from 'node:process';

/** Called when what was sent has been handed to the system, or with the error that it could not be: null or undefined for none. */
export type SendCallback = (error?: Error | null) => void;

/** A `SendCallback` as callers may write it, in the words of the types of `ws`. */
export type SentCallback = (error?: Error) => void;

/** The same for pings and pongs, where the types of `ws` say that an error is always there. */
export type ControlCallback = SentCallback | ((error: Error) => void);

/** One for several: all are called, and what one throws is thrown when they have been. */
export function joinCallbacks(callbacks: readonly SendCallback[]): SendCallback {
  if (callbacks.length === 1) return callbacks[0]!;
  return (error) => {
    for (const callback of callbacks) {
      try {
        callback(error);
      } catch (thrown) {
        process.nextTick(() => {
          throw thrown;
        });
      }
    }
  };
}
