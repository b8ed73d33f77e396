// All that is measured, in the order of the report.

import type { Group } from '../core/harness.js';
import { broadcastGroups } from './broadcast.js';
import { decodeGroups } from './codec/decode.js';
import { dispatchGroup } from './codec/dispatch.js';
import { encodeGroups } from './codec/encode.js';
import { maskGroups } from './codec/mask.js';
import { utf8Groups } from './codec/utf8.js';
import { deflateConnectionGroup } from './deflate/connections.js';
import { deflateGroups } from './deflate/messages.js';
import { garbageGroups } from './garbage/garbage.js';
import { acceptKeyGroup } from './handshake/accept-key.js';
import { handshakeGroups } from './handshake/handshake.js';
import { startupGroups } from './startup.js';

export const groups: readonly Group[] = [
  ...decodeGroups,
  ...encodeGroups,
  ...broadcastGroups,
  ...maskGroups,
  dispatchGroup,
  ...utf8Groups,
  acceptKeyGroup,
  ...handshakeGroups,
  ...deflateGroups,
  deflateConnectionGroup,
  ...startupGroups,
  ...garbageGroups,
];
