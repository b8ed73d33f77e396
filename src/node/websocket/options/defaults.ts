// The defaults of the options of `wsimd/node` that are numbers: maxPayload, closeTimeout, the limits on fragments, pings and memory.
// Those that are true or false are in config.ts, those of the codec in src/frames/chunk-decoder.ts.

/** As in `ws`. */
export const DEFAULT_MAX_PAYLOAD = 100 * 1024 * 1024;
/** As in `ws`. */
export const DEFAULT_MAX_FRAGMENTS = 16 * 1024;
/** As in `ws`. */
export const DEFAULT_CLOSE_TIMEOUT = 30_000;
/** As in `ws`. */
export const DEFAULT_MAX_PENDING_PONGS = 60;
export const DEFAULT_MAX_PING_RATE = 1000;
/** Of all connections of a server together. */
export const DEFAULT_MAX_HELD = 1024 * 1024 * 1024;
/** Bytes from which on a message is delivered as a stream, with `streamMessages: true`. */
export const DEFAULT_STREAM_LENGTH = 64 * 1024;
/** As in `ws`. */
export const DEFAULT_MAX_REDIRECTS = 10;
/** The share of `maxLifetime` by which a connection's lifetime is shorter, at random, so that not all end at once. */
export const DEFAULT_LIFETIME_JITTER = 0.1;
