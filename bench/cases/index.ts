// All that is measured, in the order of the report.

import type { Group } from '../harness.js';
import { acceptKeyGroup } from './accept-key.js';
import { decodeGroups } from './decode.js';
import { encodeGroups } from './encode.js';
import { maskGroups } from './mask.js';
import { utf8Groups } from './utf8.js';

export const groups: readonly Group[] = [
  ...decodeGroups,
  ...encodeGroups,
  ...maskGroups,
  ...utf8Groups,
  acceptKeyGroup,
];
