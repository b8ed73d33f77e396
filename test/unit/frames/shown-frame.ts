// What a FrameDecoder says of the frame that it shows, and with what it refuses where there is none: for its tests.

import { expect } from 'vitest';
import type { FrameDecoder } from '../../../src/frames/frame-decoder.js';

export const STALE = expect.objectContaining({ name: 'ProtocolError', code: 'WSIMD_STALE', closeCode: undefined });

/** Everything that reads the shown frame. */
export const ACCESSORS = [
  'fin',
  'rsv1',
  'rsv2',
  'rsv3',
  'opcode',
  'masked',
  'isStart',
  'isEnd',
  'isAscii',
  'headerLength',
  'length',
  'payloadLength',
  'pieceOffset',
  'maskingKey',
  'ptr',
] as const satisfies readonly (keyof FrameDecoder)[];
