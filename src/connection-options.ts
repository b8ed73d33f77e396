// The options and the states of a `Connection`. Types only; the limits have their defaults in
// frames/chunk-decoder.ts, and those of wsimd/node (maxPayload) in node/websocket/options/defaults.ts.

import type { FrameEncoderOptions } from './frames/frame-encoder.js';
import type { MessageDecoderOptions } from './messages/receive/message-decoder.js';
import type { Role } from './protocol/role.js';

/** Options of a `Connection`: those of a `MessageDecoder`, and these. */
export interface ConnectionOptions extends MessageDecoderOptions, Pick<FrameEncoderOptions, 'maskingKey'> {
  /** Which end this is: a `'client'` masks its frames, and a `'server'` requires masked ones. */
  readonly role: Role;
  /** Answer each ping with a pong (default true). */
  readonly autoPong?: boolean;
  /**
   * How many pongs may be pending until `takeOutgoing` takes them, at least 1 (default 64). Of the pings beyond that only the most
   * recent one is answered, as RFC 6455 section 5.5.3 allows, once the pending pongs are taken. A peer that pings and does not read
   * so claims no memory. `Infinity`: all are answered.
   */
  readonly maxPendingPongs?: number;
}

/**
 * The state of a `Connection`:
 *
 * - `'open'`: messages go both ways.
 * - `'closing'`: we have sent a Close frame and wait for the peer's; messages still arrive, but none may be sent. Or the peer's has
 *   come, and ours leaves behind a message that is leaving in slices.
 * - `'closed'`: both sides have sent a Close frame, or the connection failed. Nothing is delivered or may be sent any more. End the
 *   transport once everything outgoing is written.
 */
export type ConnectionState = 'open' | 'closing' | 'closed';
