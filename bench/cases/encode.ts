// Making frames, for both roles: many into one buffer, one by one, and through all that a connection does. It must not know
// how things are timed.

import type { Role } from '../../src/index.js';
import type { Case, Group, Subject } from '../core/harness.js';
import { CHUNK_LENGTH, type Content } from '../core/inputs.js';
import { driverSubject, wsFrameSubject, wsSendSubject } from '../subjects/peers/encode.js';
import { toOwnBuffer } from '../subjects/peers/peers.js';
import { wsBare } from '../subjects/peers/ws-copies.js';
import {
  connectionSubject,
  encoderSubject,
  MAX_BATCH,
  type Messages,
  makeMessages,
  writerSubject,
} from '../subjects/wsimd/encode.js';

const KIB = 1024;
const SIZES = [16, 64, 125, 512, KIB, 8 * KIB, 64 * KIB];
const SERVER_SIZES = [0, 5, 16, 64, 125, 126, 512, KIB, 8 * KIB, 16 * KIB, 64 * KIB, KIB * KIB];
const FEW_SIZES = [16, 125, KIB, 16 * KIB];

const OURS = `writer: FrameWriter, up to ${MAX_BATCH} messages or ${CHUNK_LENGTH / KIB} KiB into one buffer that is used again; single: FrameEncoder.encode, a new buffer for each; connection: Connection.send…, taken as the writer's.`;
const WS_FRAME =
  'ws frame: Sender.frame, whose header and payload remain two buffers: joining them is left to the socket.';
const WS_SEND = 'ws send: Sender.send into a socket that does nothing but turn strings into bytes, as a socket must.';

const NAMES: Readonly<Record<Content, string>> = {
  binary: 'binary',
  ascii: 'text',
  latin: 'Latin text',
  cjk: 'CJK text',
  emoji: 'emoji',
  json: 'JSON',
};

type MakeSubjects = (messages: Messages<Buffer>, size: number) => Subject[];

function makeCase(role: Role, content: Content, size: number, makeSubjects: MakeSubjects): Case {
  return {
    label: String(size),
    make() {
      const { messages, expected } = makeMessages(role, content, size, toOwnBuffer);
      const operations = messages.payloads.length;
      return { operations, bytes: operations * size, expected, subjects: makeSubjects(messages, size) };
    },
  };
}

function makeGroup(role: Role, content: Content, sizes: readonly number[]): Group {
  const makeSubjects = (messages: Messages<Buffer>, size: number) => [
    writerSubject('writer', 'wasm', messages),
    encoderSubject(messages),
    connectionSubject(messages),
    // A server's frames are made without the kernel: both kernels would be one subject.
    ...(role === 'client' ? [writerSubject('portable', 'portable', messages)] : []),
    wsFrameSubject(messages),
    wsSendSubject(messages, size),
  ];
  return {
    id: `encode/${role}/${content === 'ascii' ? 'text' : content}`,
    title: `Encode ${NAMES[content]} as a ${role}`,
    notes: [OURS, `${WS_FRAME} ${WS_SEND}`],
    pairs: [
      ['writer', 'ws frame'],
      ['single', 'ws frame'],
      ['connection', 'ws send'],
      ...(role === 'client' ? [['writer', 'portable'] as const] : []),
    ],
    cases: sizes.map((size) => makeCase(role, content, size, makeSubjects)),
  };
}

/** All peers, at a few sizes. */
function againstPeers(role: Role, content: 'binary' | 'ascii'): Group {
  const makeSubjects = (messages: Messages<Buffer>, size: number) => [
    connectionSubject(messages),
    wsSendSubject(messages, size, 'ws bare', wsBare),
    // It is a server here: a client of it opens with a handshake of its own.
    ...(role === 'server' ? [driverSubject(messages)] : []),
  ];
  const drivers = role === 'server' ? [['connection', 'websocket-driver'] as const] : [];
  return {
    id: `encode/peers/${role}/${content === 'ascii' ? 'text' : content}`,
    title: `Encode ${NAMES[content]} as a ${role}, against the other libraries`,
    notes: [
      'ws bare: Sender.send without bufferutil, into a socket that does nothing. websocket-driver: its user writes to its messages.',
    ],
    pairs: [['connection', 'ws bare'], ...drivers],
    cases: FEW_SIZES.map((size) => makeCase(role, content, size, makeSubjects)),
  };
}

export const encodeGroups: readonly Group[] = [
  makeGroup('server', 'ascii', SERVER_SIZES),
  makeGroup('server', 'binary', [...SIZES, KIB * KIB]),
  makeGroup('server', 'cjk', [64, 16 * KIB]),
  makeGroup('client', 'ascii', SIZES),
  makeGroup('client', 'binary', SIZES),
  againstPeers('server', 'ascii'),
  againstPeers('server', 'binary'),
  againstPeers('client', 'binary'),
];
