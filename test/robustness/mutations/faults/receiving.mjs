// Faults of the portable kernel, and of what turns records into frames and messages.

import { CONNECTION, FUZZ, LESSONS, vectors } from './tests.mjs';

export const RECEIVING = [
  // ---- The portable kernel
  [
    'the portable kernel takes an overlong character of 3 bytes',
    'src/kernel/portable/utf8.ts',
    'lead > 0xe0 && lead < 0xf0',
    'lead >= 0xe0 && lead < 0xf0',
    [FUZZ, vectors('8.1-utf8-invalid.*(fail-fast|surrogate|just above|overlong|ends inside|last continuation)')],
  ],
  [
    'the portable kernel drops the high half of a 64-bit length',
    'src/kernel/read-header.ts',
    'high * TWO_POW_32 + readU32BE',
    'readU32BE',
    [LESSONS, vectors('10.4-limits.*a text of [0-9]+ bytes')],
  ],
  [
    'the portable kernel forgets the masking phase',
    'src/kernel/portable/frame.ts',
    'maskingKey, taken & 3)',
    'maskingKey, 0)',
    [FUZZ],
  ],

  // ---- decoding
  [
    'a message is handed out as a view of the arena',
    'src/messages/receive/record-reader.ts',
    'data = bytes.slice(start, end);',
    'data = bytes.subarray(start, end);',
    [FUZZ, LESSONS],
  ],
  [
    'a control frame is handed out as a view of the arena',
    'src/messages/receive/record-reader.ts',
    'isWhole ? bytes.slice(start, end)',
    'isWhole ? bytes.subarray(start, end)',
    [LESSONS],
  ],
  [
    'an open message is forgotten between chunks',
    'src/frames/chunk-decoder.ts',
    'if (words[STATE_WORD]! >>> 8 === 0 && words[STATE_WORD + 1] === 0) {',
    'if (words[STATE_WORD]! >>> 8 === 0) {',
    [FUZZ],
  ],
  [
    "the state of another connection is taken for one's own",
    'src/frames/chunk-decoder.ts',
    'if (arena.loadedState !== before) bytes.set',
    'if (arena.loadedState === undefined) bytes.set',
    [FUZZ, CONNECTION],
  ],
  [
    'an error is reported again with each chunk',
    'src/messages/receive/message-decoder.ts',
    'error !== undefined && !this.#hasReportedError',
    'error !== undefined',
    [FUZZ],
  ],
  [
    'memory is taken for what a header claims',
    'src/bytes/payload-buffer.ts',
    'expected > needed && expected <= Math.max(SMALLEST, needed * MOST_CLAIMED)',
    'expected > needed',
    [LESSONS, { file: 'test/unit/bytes/payload-buffer.test.ts' }],
  ],
  [
    'a cursor is used after its batch',
    'src/frames/frame-decoder.ts',
    "if (this.#generation !== this.#arena.generation) throw new ProtocolError('WSIMD_STALE');\n  }",
    '}',
    [{ file: 'test/unit/frames/frame-decoder' }],
  ],
];
