// Payloads that may be kept after a call has returned. The type is the rule: a queue takes only what was copied here, so that no
// deferred step reads memory that the caller has begun to use for something else.

import { getHost } from './host.js';

declare const isOwned: unique symbol;

/** Bytes in memory that only their holder knows. */
export type OwnedBytes = Uint8Array<ArrayBuffer> & { readonly [isOwned]: true };

/** A payload that may be kept: strings never change. */
export type OwnedPayload = string | OwnedBytes;

/** The same payload for keeps: bytes are copied. `slice` would not do: of a Buffer it is a view. */
export function ownPayload(payload: string | Uint8Array): OwnedPayload {
  return typeof payload === 'string' ? payload : ownBytes(payload);
}

/** A copy of these bytes. */
export function ownBytes(bytes: Uint8Array): OwnedBytes {
  return getHost().copy(bytes) as OwnedBytes;
}
