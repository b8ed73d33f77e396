// Making frames, for both roles: many into one buffer, one by one, and through all that a connection does. It must not know
// how things are timed.

import type { Role } from '../../../src/index.js';
import type { Group } from '../../core/harness.js';
import { CHUNK_LENGTH } from '../../core/inputs.js';
import { wsFrameSubject, wsSendSubject } from '../../subjects/peers/encode.js';
import { toOwnBuffer } from '../../subjects/peers/peers.js';
import {
  connectionSubject,
  encoderSubject,
  MAX_BATCH,
  makeMessages,
  writerSubject,
} from '../../subjects/wsimd/encode.js';

const KIB = 1024;

const OURS = `writer: FrameWriter, up to ${MAX_BATCH} messages or ${CHUNK_LENGTH / KIB} KiB into one buffer that is used again; single: FrameEncoder.encode, a new buffer for each; connection: Connection.send…, taken as the writer's.`;
const WS_FRAME =
  'ws frame: Sender.frame, whose header and payload remain two buffers: joining them is left to the socket.';
const WS_SEND = 'ws send: Sender.send into a socket that does nothing but turn strings into bytes, as a socket must.';

function makeGroup(role: Role, content: 'ascii' | 'binary', sizes: readonly number[]): Group {
  const name = content === 'ascii' ? 'text' : 'binary';
  return {
    id: `encode/${role}/${name}`,
    title: `Encode ${name} as a ${role}`,
    notes: [OURS, `${WS_FRAME} ${WS_SEND}`],
    pairs: [
      ['writer', 'ws frame'],
      ['single', 'ws frame'],
      ['connection', 'ws send'],
      ...(role === 'client' ? [['writer', 'portable'] as const] : []),
    ],
    cases: sizes.map((size) => ({
      label: String(size),
      make() {
        const { messages, expected } = makeMessages(role, content, size, toOwnBuffer);
        const operations = messages.payloads.length;
        const subjects = [
          writerSubject('writer', 'wasm', messages),
          encoderSubject(messages),
          connectionSubject(messages),
          // A server's frames are made without the kernel: both kernels would be one subject.
          ...(role === 'client' ? [writerSubject('portable', 'portable', messages)] : []),
          wsFrameSubject(messages),
          wsSendSubject(messages, size),
        ];
        return { operations, bytes: operations * size, expected, subjects };
      },
    })),
  };
}

export const encodeGroups: readonly Group[] = [
  makeGroup('server', 'ascii', [16, 125, 8 * KIB, 64 * KIB, KIB * KIB]),
  makeGroup('server', 'binary', [16, 125, 8 * KIB, 64 * KIB, KIB * KIB]),
  makeGroup('client', 'ascii', [125, 64 * KIB]),
  makeGroup('client', 'binary', [125, 64 * KIB]),
];
