// A short stand-in for a large message in an assertion: comparing megabytes element by element takes seconds.

import { createHash } from 'node:crypto';

/** The kind, length and SHA-256 of a message. */
export function digest(data: string | Uint8Array): string {
  const kind = typeof data === 'string' ? 'text' : 'binary';
  return `${kind} ${data.length} ${createHash('sha256').update(data).digest('hex')}`;
}
