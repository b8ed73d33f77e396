// Faults of the WebAssembly kernel of frames: masking, the rules on headers, the pass over a chunk, UTF-8, writing headers.

import { DECODE_ERRORS, FUZZ, KERNEL_ENCODE, KERNEL_MASK, KERNEL_UTF8, LENGTHS, LESSONS, vectors } from './tests.mjs';

const CHECK = 'assembly/shared/header-rules.ts';
const DECODE = 'assembly/frames/decode.ts';
const FRAME_STATE = 'assembly/frames/frame-state.ts';
const UTF8 = 'assembly/frames/utf8.ts';
const MASK = 'assembly/frames/mask.ts';

export const KERNEL = [
  // ---- masking
  ['the phase of the masking key is wrong', MASK, '(phase & 3) << 3', '(phase & 1) << 3', [KERNEL_MASK, FUZZ]],
  ['the vector loop ends one vector early', MASK, 'ptr + 16 < end', 'ptr + 32 < end', [KERNEL_MASK, FUZZ]],
  [
    'the tail of 4 to 7 bytes meets the wrong part of the key',
    MASK,
    'load<u32>(end - 4) ^ lastKey',
    'load<u32>(end - 4) ^ maskingKey',
    [KERNEL_MASK, FUZZ],
  ],
  ['the loop of 64 bytes runs past the end', MASK, 'ptr <= end64', 'ptr <= end64 + 16', [KERNEL_MASK]],
  [
    'bytes above 0x7f in the second vector go unseen, so a text counts as ASCII',
    MASK,
    'v128.or(v128.or(seen, v128.or(a, b)), v128.or(c, d))',
    'v128.or(v128.or(seen, a), v128.or(c, d))',
    [vectors('8.1-utf8-(in)?valid.*(impossible byte behind|at each place)')],
  ],
  [
    'the masking key of a frame begins anew in each chunk',
    DECODE,
    'rotateKey(maskingKey, <u32>position)',
    'rotateKey(maskingKey, 0)',
    [FUZZ],
  ],

  // ---- rules on headers
  [
    'a length in 16 bits need not be minimal',
    CHECK,
    'payloadLength < <u64>LENGTH_16',
    'payloadLength < 1',
    [LENGTHS, FUZZ],
  ],
  [
    '65535 may be written in 64 bits',
    CHECK,
    'payloadLength <= <u64>MAX_LENGTH_16',
    'payloadLength < <u64>MAX_LENGTH_16',
    [LENGTHS],
  ],
  [
    'the top bit of the length is not looked at',
    DECODE,
    '<i64>payloadLength < 0',
    '<i64>payloadLength < i64.MIN_VALUE',
    [LENGTHS, FUZZ],
  ],
  [
    'the limit on frames is compared after narrowing',
    CHECK,
    'payloadLength > maxFrameLength',
    '<u32>payloadLength > <u32>maxFrameLength',
    [vectors('10.4-limits.*(2|9)[0-9]{9}'), LESSONS],
  ],
  [
    'the limit on messages is compared after narrowing',
    CHECK,
    'payloadLength > maxMessageLength - messageLength',
    '<u64><u32>payloadLength > maxMessageLength - messageLength',
    [vectors('10.4-limits.*a text of [0-9]+ bytes'), LESSONS],
  ],
  [
    'the limit on messages forgets the fragments before',
    CHECK,
    'maxMessageLength - messageLength',
    'maxMessageLength',
    [vectors('10.4-limits.txt maxMessageLength'), FUZZ],
  ],
  ['RSV1 is accepted on a continuation', CHECK, 'startsMessage ? options', '!isControl ? options', [DECODE_ERRORS]],
  [
    'RSV3 is accepted',
    CHECK,
    'first & RSV_BITS & ~allowed',
    'first & RSV_BITS & ~allowed & ~0x10',
    [vectors('5.2-reserved-bits')],
  ],
  [
    'opcode 11 is accepted',
    CHECK,
    'opcode > <u32>OPCODE_PONG',
    'opcode > <u32>OPCODE_PONG + 1',
    [vectors('5.2-reserved-opcodes')],
  ],
  [
    'a new message without FIN is accepted inside a message',
    CHECK,
    'startsMessage && messageOpcode !== 0',
    'startsMessage && messageOpcode !== 0 && (first & FIN) !== 0',
    [vectors('5.4-fragmentation'), FUZZ],
  ],
  [
    'a stray continuation is accepted with FIN',
    CHECK,
    'opcode === OPCODE_CONTINUATION && messageOpcode === 0',
    'opcode === OPCODE_CONTINUATION && messageOpcode === 0 && (first & FIN) === 0',
    [vectors('5.4-fragmentation')],
  ],
  [
    'control frames may be fragmented',
    CHECK,
    'isControl && (first & FIN) === 0',
    'isControl && (first & FIN) === 1',
    [vectors('5.4-fragmentation')],
  ],
  [
    'a client takes masked frames',
    CHECK,
    '(options & OPTION_REQUIRE_UNMASKED) !== 0',
    '(options & OPTION_REQUIRE_UNMASKED) === 0xff',
    [vectors('5.1-masking')],
  ],
  [
    'a control frame may have 126 bytes',
    CHECK,
    'length > <u32>MAX_CONTROL_PAYLOAD',
    'length > <u32>MAX_CONTROL_PAYLOAD + 1',
    [vectors('5.5.2-ping')],
  ],
  [
    'a Close of 1 byte is accepted',
    CHECK,
    'opcode === OPCODE_CLOSE && length === 1',
    'opcode === OPCODE_CLOSE && length === 200',
    [vectors('5.5.1-close')],
  ],
  ['the close code 1015 is accepted', CHECK, 'code <= 1014', 'code <= 1015', [vectors('5.5.1-close')]],

  // ---- the pass over a chunk
  [
    'the UTF-8 state is lost at a cut',
    DECODE,
    'masked && isData, load<u32>(statePtr, STATE_UTF8))',
    'masked && isData, 0)',
    [FUZZ, vectors('8.1-utf8-valid')],
  ],
  [
    'a text may end inside a character',
    DECODE,
    'if (ends && state != 0 && (first & FIN) != 0)',
    'if (ends && state == 0xff && (first & FIN) != 0)',
    [FUZZ, vectors('8.1-utf8-invalid.*(fail-fast|surrogate|just above|overlong|ends inside|last continuation)')],
  ],
  [
    'a text that fails in its second slab reports a wrong place',
    DECODE,
    'error = result + done',
    'error = result',
    [vectors('8.1-utf8-invalid.*of a long text')],
  ],
  [
    'the fast way leaves a text unmasked for the general one',
    DECODE,
    'if (maskFlag != 0) maskPayload(payload, length, key);\n          break;',
    'break;',
    [FUZZ, vectors('8.1-utf8-invalid.*(fail-fast|surrogate|just above|overlong|ends inside|last continuation)')],
  ],
  [
    'a message that ends does not reset its length',
    FRAME_STATE,
    'store<u8>(statePtr, 0, STATE_MESSAGE_OPCODE);\n    store<u64>(statePtr, 0, STATE_MESSAGE_LENGTH);',
    'store<u8>(statePtr, 0, STATE_MESSAGE_OPCODE);',
    [vectors('10.4-limits.*many messages'), FUZZ, { file: 'test/unit/kernel/differential.test.ts' }],
  ],
  [
    'a close code that a chunk cuts in two loses its first byte',
    DECODE,
    'store<u8>(statePtr, byte, STATE_CLOSE_BYTE)',
    'store<u8>(statePtr, 3, STATE_CLOSE_BYTE)',
    [FUZZ, vectors('5.5.1-close')],
  ],
  ['a frame one byte longer than the chunk counts as whole', DECODE, 'next > end ||', 'next > end + 1 ||', [FUZZ]],
  [
    'something is read behind a Close',
    DECODE,
    'if (stage >= STAGE_CLOSED) break;',
    'if (stage > STAGE_CLOSED) break;',
    [FUZZ, vectors('5.5.1-close')],
  ],
  [
    'the length of a 16-bit header is read in the wrong byte order',
    DECODE,
    '<u32>bswap<u16>(<u16>(head >> 16))',
    '<u32><u16>(head >> 16)',
    [FUZZ],
  ],

  // ---- UTF-8
  [
    'bytes behind the text count (stale bytes of the arena)',
    UTF8,
    'seen = bytes;\n    if (tail - p < 16) {',
    'seen = bytes;\n    if (tail - p < 1) {',
    [LESSONS, KERNEL_UTF8],
  ],
  [
    'surrogates are characters',
    UTF8,
    'TOO_LARGE_1000 | SURROGATE, // _d',
    'TOO_LARGE_1000, // _d',
    [vectors('8.1-utf8-invalid.*(fail-fast|surrogate|just above|overlong|ends inside|last continuation)'), KERNEL_UTF8],
  ],
  [
    'a lead byte of 4 at the end is overlooked',
    UTF8,
    'load<u8>(end - 3) >= 0xf0',
    'load<u8>(end - 3) > 0xf3',
    [FUZZ, KERNEL_UTF8],
  ],
  [
    'a run of ASCII is left too late',
    UTF8,
    'i8x16.bitmask(v128.or(low, high)) != 0',
    'i8x16.bitmask(low) != 0',
    [KERNEL_UTF8, vectors('8.1-utf8-(in)?valid.*1(91|92|93) ASCII')],
  ],
  [
    'what follows a run of ASCII is taken not to begin inside a character',
    UTF8,
    'if (!isAscii || !plain) {',
    'if (!isAscii) {',
    [KERNEL_UTF8],
  ],
  [
    'F4 may be followed by 90',
    UTF8,
    'if (byte == 0xf4) return 0x8f8003',
    'if (byte == 0xf4) return 0x908003',
    [FUZZ, vectors('8.1-utf8-invalid.*(fail-fast|surrogate|just above|overlong|ends inside|last continuation)')],
  ],

  // ---- writing
  [
    '125 is written in 16 bits',
    'assembly/frames/header.ts',
    'payloadLength <= <u64>MAX_LENGTH_7',
    'payloadLength < <u64>MAX_LENGTH_7',
    [KERNEL_ENCODE],
  ],
];
