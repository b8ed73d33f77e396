// All that is measured, in the order of the report.

import type { Group } from '../core/harness.js';
import { acceptKeyGroup } from './accept-key.js';
import { broadcastGroups } from './broadcast.js';
import { decodeGroups } from './decode.js';
import { deflateGroups } from './deflate.js';
import { deflateConnectionGroup } from './deflate-connections.js';
import { dispatchGroup } from './dispatch.js';
import { encodeGroups } from './encode.js';
import { garbageGroups } from './garbage.js';
import { handshakeGroups } from './handshake.js';
import { maskGroups } from './mask.js';
import { startupGroups } from './startup.js';
import { utf8Groups } from './utf8.js';

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
