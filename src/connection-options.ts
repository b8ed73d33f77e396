// What a connection can be told, and what it says of itself. Types only.

import type { FrameEncoderOptions } from './frames/frame-encoder.js';
import type { MessageDecoderOptions } from './messages/receive/message-decoder.js';
import type { Role } from './protocol/role.js';

/** What a connection can be told beyond what a message decoder can. */
export interface ConnectionOptions extends MessageDecoderOptions, Pick<FrameEncoderOptions, 'maskingKey'> {
  readonly role: Role;
  /** Answer each ping with a pong (default true). */
  readonly autoPong?: boolean;
  /**
   * How many answers to pings may wait to be taken by `takeOutgoing`, at least 1 (default 64). Of the pings beyond it only the
   * most recent one is answered, as RFC 6455 section 5.5.3 allows, when what waits is taken: a peer that pings and does not
   * read claims no memory. `Infinity`: all are answered.
   */
  readonly maxPendingPongs?: number;
}

/**
 * - `'open'`: messages go both ways.
 * - `'closing'`: we have sent a Close frame and wait for the peer's; messages still arrive, none may be sent. Or the peer's has come, and
 *   ours leaves once what is leaving in slices has left.
 * - `'closed'`: both have sent a Close frame, or the connection failed. Nothing comes, nothing may be sent; the transport is to
 *   be ended once what is to be sent has been.
 */
export type ConnectionState = 'open' | 'closing' | 'closed';
