// Times how long a reader has taken no message although the peer waits for it.

/** Milliseconds after which a reader is no longer expected at any moment, and the longest time between two looks at it. */
const INTERVAL = 2000;

export interface UnreadWatchEvents {
  /** Changes whenever the reader takes a message. */
  readonly room: () => number;
  /** Nobody has read for two seconds. */
  readonly onAway: () => void;
  /** Nobody has read for the whole time. Called once. */
  readonly onTimeout: () => void;
}

/**
 * Watches until it is stopped.
 *
 * @param timeout milliseconds; Infinity: `onTimeout` is never called
 * @returns stops it
 */
export function watchUnread(timeout: number, { room, onAway, onTimeout }: UnreadWatchEvents): () => void {
  let lastRoom = room();
  let waited = 0;
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    const step = Math.min(INTERVAL, timeout - waited);
    timer = setTimeout(() => {
      const newRoom = room();
      waited = newRoom === lastRoom ? waited + step : 0;
      lastRoom = newRoom;
      if (waited >= timeout) {
        onTimeout();
        return;
      }
      if (waited >= INTERVAL) onAway();
      wait();
    }, step);
  };
  wait();
  return () => clearTimeout(timer);
}
