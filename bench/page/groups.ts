// What is measured in a browser: the cases of the harness that need nothing but a browser. It must not know how it is shown.

import { acceptKey } from '../../src/handshake/index.js';
import { isValidUtf8, type Role, unmask } from '../../src/index.js';
import type { Group, Subject } from '../core/harness.js';
import { type Content, makeStream, Random } from '../core/inputs.js';
import { plainDecodeSubject, plainEncodeSubject } from '../subjects/plain/plain-subjects.js';
import { cursorSubject, type DecodeJob, messageSubject } from '../subjects/wsimd/decode.js';
import { encoderSubject, type Messages, makeMessages, writerSubject } from '../subjects/wsimd/encode.js';
import { inPlaceSubject, MaskJob, arenaSubject as maskSubject, unmaskByLoop } from '../subjects/wsimd/mask.js';
import { callSubject, makeUtf8Workload, arenaSubject as utf8Subject } from '../subjects/wsimd/utf8.js';

const KIB = 1024;
/** 60000 stands for 64 KiB: a frame of it still fits in a chunk. */
const SIZES = [16, 125, KIB, 8 * KIB, 60000];
const PLAIN = 'plain JS: what one writes without a library; it checks no rule of RFC 6455.';
const PORTABLE = 'portable: the same without WebAssembly.';

function decodeGroup(
  way: 'cursor' | 'messages',
  content: Content,
  sizes: readonly number[],
  makeSubjects: (job: DecodeJob) => Subject[],
): Group {
  return {
    id: `decode/${way}/${content}`,
    title: `Decode ${way === 'cursor' ? 'by cursor' : 'to owned messages'}: masked ${content}, 64 KiB chunks`,
    notes: [`${PORTABLE} ${PLAIN}`],
    pairs: [
      ['wsimd', 'plain JS'],
      ['wsimd', 'portable'],
    ],
    cases: sizes.map((size) => ({
      label: String(size),
      make() {
        const stream = makeStream(content, size, 'stream');
        const { messages, bytes, expected } = stream;
        const subjects = makeSubjects({ stream, role: 'server', own: (bytes) => bytes.slice() });
        return { operations: messages, bytes, expected, subjects };
      },
    })),
  };
}

const cursorSubjects = (job: DecodeJob) => [
  cursorSubject('wsimd', 'wasm', job),
  cursorSubject('portable', 'portable', job),
  plainDecodeSubject(job, false),
];
const messageSubjects = (job: DecodeJob) => [
  messageSubject('wsimd', 'wasm', job),
  messageSubject('portable', 'portable', job),
  plainDecodeSubject(job, true),
];

function encodeGroup(role: Role, content: 'ascii' | 'binary'): Group {
  const name = content === 'ascii' ? 'text' : 'binary';
  const makeSubjects = (messages: Messages) => [
    writerSubject('writer', 'wasm', messages),
    encoderSubject(messages),
    ...(role === 'client' ? [writerSubject('portable', 'portable', messages)] : []),
    plainEncodeSubject(messages),
  ];
  return {
    id: `encode/${role}/${name}`,
    title: `Encode ${name} as a ${role}`,
    notes: [`writer: many messages in one buffer that is used again; single: a new buffer for each. ${PLAIN}`],
    pairs: [
      ['writer', 'plain JS'],
      ['single', 'plain JS'],
    ],
    cases: [125, 16 * KIB].map((size) => ({
      label: String(size),
      make() {
        const { messages, expected } = makeMessages(role, content, size, (bytes) => bytes);
        const operations = messages.payloads.length;
        return { operations, bytes: operations * size, expected, subjects: makeSubjects(messages) };
      },
    })),
  };
}

const maskGroup: Group = {
  id: 'mask/in-place',
  title: 'Unmask in place',
  notes: [`arena: in the kernel's memory; unmask: a buffer of the caller's; plain JS: 32 bits at a time. ${PORTABLE}`],
  pairs: [
    ['arena', 'plain JS'],
    ['unmask', 'plain JS'],
    ['arena', 'portable'],
  ],
  cases: [16, 125, KIB, 8 * KIB, 64 * KIB].map((length) => ({
    label: String(length),
    make() {
      const job = new MaskJob(length);
      const subjects = [
        maskSubject('arena', 'wasm', job),
        maskSubject('portable', 'portable', job),
        inPlaceSubject('unmask', unmask, job),
        inPlaceSubject('plain JS', unmaskByLoop, job),
      ];
      return { operations: job.calls, bytes: job.calls * length, expected: job.expected(), subjects };
    },
  })),
};

const strictDecoder = new TextDecoder('utf-8', { fatal: true });

/** The only way that a browser has. */
function isDecodable(bytes: Uint8Array): boolean {
  try {
    strictDecoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function utf8Group(content: Content): Group {
  return {
    id: `utf8/${content}`,
    title: `Validate UTF-8: ${content}`,
    notes: [
      `arena: in the kernel's memory; the others: in buffers of the caller's. TextDecoder also makes the string.`,
    ],
    pairs: [
      ['arena', 'TextDecoder'],
      ['isValidUtf8', 'TextDecoder'],
      ['arena', 'portable'],
    ],
    cases: [16, 256, 64 * KIB].map((length) => ({
      label: String(length),
      make: () =>
        makeUtf8Workload(content, length, (job) => [
          utf8Subject('arena', 'wasm', job),
          utf8Subject('portable', 'portable', job),
          callSubject('isValidUtf8', job, isValidUtf8),
          callSubject('TextDecoder', job, isDecodable),
        ]),
    })),
  };
}

const KEYS = 256;

const acceptKeyGroup: Group = {
  id: 'accept-key',
  title: 'Sec-WebSocket-Accept',
  notes: ["A browser's own SHA-1 is asynchronous, and so not compared."],
  pairs: [],
  cases: [
    {
      label: '24',
      make() {
        const random = new Random(3);
        const keys = Array.from({ length: KEYS }, () => btoa(String.fromCharCode(...random.bytes(16))));
        const run = () => keys.reduce((length, key) => length + acceptKey(key).length, 0);
        // The example of RFC 6455 section 1.3.
        const output = () => acceptKey('dGhlIHNhbXBsZSBub25jZQ==');
        const subjects = [{ name: 'acceptKey', run, output }];
        return { operations: KEYS, bytes: KEYS * 24, expected: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', subjects };
      },
    },
  ],
};

export const groups: readonly Group[] = [
  decodeGroup('cursor', 'binary', SIZES, cursorSubjects),
  decodeGroup('messages', 'binary', SIZES, messageSubjects),
  decodeGroup('messages', 'ascii', [16, 125, 8 * KIB, 60000], messageSubjects),
  decodeGroup('messages', 'cjk', [64, 8 * KIB], messageSubjects),
  encodeGroup('client', 'binary'),
  encodeGroup('client', 'ascii'),
  encodeGroup('server', 'ascii'),
  maskGroup,
  utf8Group('ascii'),
  utf8Group('cjk'),
  acceptKeyGroup,
];
