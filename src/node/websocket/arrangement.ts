// What the handshake of a connection has come to, for the WebSocket that takes its socket over.

import type { Role } from '../../protocol/role.js';
import { type Config, makeConfig } from './options/config.js';
import type { WebSocketOptions } from './options/options.js';
import type { Agreed } from './options/per-message-deflate.js';

export interface Arrangement {
  readonly agreed: Agreed;
  readonly config: Config;
  /** The request to a server. It is answered once the connection has all that it needs: a 101 cannot be taken back. */
  readonly upgrade: { respond(): void } | undefined;
}

const NOTHING_AGREED: Agreed = { protocol: '', extensions: '', compression: undefined };

/** Of a handshake that the program has done itself. @throws RangeError, TypeError for options out of range */
export function makeArrangement(role: Role, options: WebSocketOptions): Arrangement {
  return { agreed: NOTHING_AGREED, config: makeConfig(role, options), upgrade: undefined };
}
