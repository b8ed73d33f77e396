// Masking keys for a client's frames (RFC 6455 section 5.3): each fresh, unpredictable, from the system's generator, which
// is asked for many at a time.

const POOL_LENGTH = 2048;

let pool: Int32Array<ArrayBuffer> | undefined;
let next = POOL_LENGTH;

/** A fresh key as one 32-bit number, its first byte lowest. Never used twice, and gone from the pool once it is given. */
export function takeMaskingKey(): number {
  if (next === POOL_LENGTH) {
    pool ??= new Int32Array(POOL_LENGTH);
    crypto.getRandomValues(pool);
    next = 0;
  }
  const key = pool![next]!;
  pool![next++] = 0;
  return key;
}
