// Deliberate faults, each with the tests that must fail for it. `find` stands once in the file. Each is one that somebody
// could make: a bound that is off by one, a state that is lost at a cut, a check left out.

const vectors = (filter) => ({ file: 'test/spec/vectors.test.ts', filter });
const FUZZ = { file: 'test/robustness/fuzz/fuzz.test.ts' };
const KERNEL_MASK = { file: 'test/unit/kernel/encode/mask.test.ts' };
const KERNEL_UTF8 = { file: 'test/unit/kernel/text/utf8.test.ts' };
const KERNEL_ENCODE = { file: 'test/unit/kernel/encode/encode.test.ts' };
const DECODE_ERRORS = { file: 'test/unit/kernel/decode/decode-errors.test.ts' };
const CONNECTION = { file: 'test/unit/connection' };
const PROPERTIES = { file: 'test/robustness/properties/frames.test.ts' };
const LESSONS = { file: 'test/spec/lessons.test.ts' };
const LENGTHS = vectors('5.2-payload-length.*(length in|bytes$)');

const DYNAMIC_HEADER = { file: 'test/unit/deflate/kernel/inflate-blocks.test.ts', filter: '3.2.7' };
const compressed = (filter) => ({ file: 'test/spec/compressed.test.ts', filter });

const CHECK = 'assembly/shared/header-rules.ts';
const INFLATE = 'assembly/deflate/inflate/inflate.ts';
const INFLATE_BLOCK = 'assembly/deflate/inflate/inflate-block.ts';
const INFLATE_HEADER = 'assembly/deflate/inflate/inflate-header.ts';
const DECODE = 'assembly/frames/decode.ts';
const FRAME_STATE = 'assembly/frames/frame-state.ts';
const UTF8 = 'assembly/frames/utf8.ts';
const MASK = 'assembly/frames/mask.ts';

/** [what is wrong, file, find, replace, tests] */
export const MUTATIONS = [
  // ---- The kernel: masking
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

  // ---- The kernel: rules on headers
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

  // ---- The kernel: the pass over a chunk
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

  // ---- The kernel: UTF-8
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

  // ---- The kernel: writing
  [
    '125 is written in 16 bits',
    'assembly/frames/header.ts',
    'payloadLength <= <u64>MAX_LENGTH_7',
    'payloadLength < <u64>MAX_LENGTH_7',
    [KERNEL_ENCODE],
  ],

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
    'src/kernel/portable/header.ts',
    'high * TWO_32 + readU32BE',
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

  // ---- TypeScript: decoding
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

  // ---- TypeScript: sending and the connection
  [
    'a ping is answered after our Close',
    'src/connection.ts',
    'this.#maxPendingPongs > 0 && this.#closing.isOpen',
    'this.#maxPendingPongs > 0',
    [CONNECTION, vectors('5.5.2-ping')],
  ],
  [
    'every ping is answered, however many answers wait',
    'src/messages/send/pending-pongs.ts',
    'this.#count < this.#limit',
    'this.#count <= this.#limit',
    [{ file: 'test/unit/messages/send/pending-pongs.test.ts' }],
  ],
  [
    'a ping that was passed over is answered twice',
    'src/messages/send/pending-pongs.ts',
    '    this.#latest = undefined;\n',
    '',
    [{ file: 'test/unit/messages/send/pending-pongs.test.ts' }],
  ],
  [
    'the bucket of pings holds more than a second has',
    'src/node/socket/ping-rate.ts',
    'Math.min(this.#limit, ',
    'Math.max(0, ',
    [{ file: 'test/unit/node/socket/ping-rate.test.ts' }],
  ],
  [
    'what is left of a chunk is delivered after the caller failed the connection',
    'src/connection.ts',
    '    this.#sink.handler = undefined;\n',
    '',
    [{ file: 'test/unit/messages/send/pending-pongs.test.ts' }],
  ],
  [
    'bytes above 0x7f are part of a Host',
    'src/handshake/authority.ts',
    "[\\w.~!$&'()*+;=-]",
    "[\\w.~!$&'()*+;=\\x80-\\xff-]",
    [{ file: 'test/unit/handshake/authority.test.ts' }],
  ],
  [
    'a second Close is sent',
    'src/messages/send/close-sender.ts',
    'if (isLast) this.#send(queued);',
    'this.#send(queued);',
    [CONNECTION, vectors('5.5.1-close')],
  ],
  [
    'every failure is 1002',
    'src/messages/send/close-sender.ts',
    'this.#answer(this.#sender.closePayload(error.closeCode))',
    'this.#answer(this.#sender.closePayload(1002))',
    [CONNECTION, vectors('8.1-utf8-invalid.*(fail-fast|surrogate|just above|overlong|ends inside|last continuation)')],
  ],
  [
    'a message may be sent inside a fragmented one',
    'src/messages/send/message-sender.ts',
    "if (this.#open !== undefined) throw new ProtocolError('WSIMD_MESSAGE_OPEN');",
    '',
    [CONNECTION, PROPERTIES],
  ],
  [
    '65535 is written in 64 bits',
    'src/kernel/write-header.ts',
    '} else if (payloadLength <= MAX_LENGTH_16) {',
    '} else if (payloadLength < MAX_LENGTH_16) {',
    [PROPERTIES],
  ],
  [
    'a masking key serves twice',
    'src/frames/masking-keys.ts',
    'pool![next++] = 0;',
    'next += next % 2;',
    [{ file: 'test/unit/frames/masking-keys.test.ts' }],
  ],
  [
    'memory that is given back twice is shared by two',
    'src/bytes/slab-pool.ts',
    'slab.given = undefined;',
    '',
    [{ file: 'test/unit/frames/frame-writer.test.ts' }, PROPERTIES],
  ],
  [
    'what is sent later is read from the memory of the caller',
    'src/bytes/owned.ts',
    'return getHost().copy(bytes) as OwnedBytes;',
    'return bytes as OwnedBytes;',
    [{ file: 'test/unit/deflate/sending-long.test.ts', filter: 'are copied' }],
  ],
  [
    'a write buffer is reused though the program has replaced the write of its socket',
    'src/node/socket/writes/writes-as-node.ts',
    'socket.write === nodeWrite &&',
    '',
    [{ file: 'test/unit/node/socket/writes/direct-writes.test.ts', filter: 'left to the stream' }],
  ],
  [
    'a write goes below the stream of a socket in which something is pending',
    'src/node/socket/writes/direct-writes.ts',
    'if (length > 0 || corked > 0',
    'if (corked > 0',
    [{ file: 'test/unit/node/socket/writes/direct-writes.test.ts', filter: 'left to the stream' }],
  ],
  [
    'what the system did not take at once counts as written',
    'src/node/socket/writes/direct-writes.ts',
    'if (!write.isDone || write.error) return write;',
    '',
    [{ file: 'test/unit/node/socket/writes/direct-writes.test.ts' }],
  ],
  ['a close code need not be whole', 'src/protocol/close-code.ts', 'Number.isInteger(code) &&', '', [PROPERTIES]],
  [
    'the offset of masking counts twice',
    'src/kernel/mask.ts',
    'offset + length <= output.length',
    'length <= output.length',
    [PROPERTIES],
  ],

  // ---- TypeScript: the handshake
  [
    'a second key is overlooked',
    'src/handshake/headers.ts',
    'return first === -1 || this.#find(name, first + 1) !== -1 ?',
    'return first === -1 ?',
    [{ file: 'test/spec/lessons-handshake.test.ts', filter: 'twice' }],
  ],
  [
    'a head may have any number of headers',
    'src/handshake/head.ts',
    "if (lines.length > MAX_HEADER_COUNT) throw new ProtocolError('WSIMD_HEAD_TOO_LARGE');",
    '',
    [{ file: 'test/spec/lessons-handshake.test.ts', filter: 'too many' }],
  ],
  [
    'a subprotocol that was not offered is answered',
    'src/handshake/server.ts',
    'offered.find((protocol) => protocols.includes(protocol))',
    'protocols[0]',
    [{ file: 'test/robustness/properties/handshake.test.ts' }],
  ],

  // ---- permessage-deflate: the kernel
  [
    'a distance may be one byte beyond the window',
    INFLATE_BLOCK,
    'if (distance > windowLength) {',
    'if (distance > windowLength + 1) {',
    [compressed('a distance of 257')],
  ],
  [
    'a distance may reach before the start',
    INFLATE_BLOCK,
    'if (back > load<u32>(contextPtr, CONTEXT_HISTORY)) {',
    'if (back > 0x8000) {',
    [compressed('a distance before the start')],
  ],
  [
    'a distance at the end of a piece may reach before the start',
    INFLATE_BLOCK,
    'if (back > load<u32>(contextPtr, CONTEXT_HISTORY)) return false;',
    '',
    [{ file: 'test/unit/deflate/kernel/inflate-blocks.test.ts', filter: 'before the first byte' }],
  ],
  [
    'a match that crosses the end of the ring does not go on at its start',
    INFLATE_BLOCK,
    'min<u32>(min<u32>(length, back), ringLength - offset)',
    'min<u32>(length, back)',
    [compressed('13.3.[1-4]:')],
  ],
  [
    'behind BFINAL the next block begins at the next bit',
    INFLATE,
    'if (load<u32>(STATE_FINAL) != 0) store<u32>(STATE_AT, (load<u32>(STATE_AT) + 7) & ~7);',
    '',
    [compressed('BFINAL')],
  ],
  [
    'LEN and NLEN of a stored block are not compared',
    INFLATE,
    'if ((lengths & 0xffff) != (~lengths >> 16)) return INFLATE_ERROR_DATA;',
    '',
    [compressed('lengths disagree')],
  ],
  [
    'a message that ends inside a block is taken for whole',
    INFLATE,
    'return isLast ? INFLATE_ERROR_DATA : INFLATE_NEEDS_INPUT;',
    'return isLast ? INFLATE_DONE : INFLATE_NEEDS_INPUT;',
    [compressed('an end in a block|ends early')],
  ],
  [
    'inflated text may end inside a character',
    INFLATE,
    'status == INFLATE_DONE && (utf8 & UTF8_STATE_BITS) != 0',
    'false',
    [compressed('a cut character')],
  ],
  [
    'the UTF-8 state is lost between two pieces of what is inflated',
    INFLATE,
    'store<u32>(STATE_UTF8, utf8 & UTF8_STATE_BITS);',
    'store<u32>(STATE_UTF8, 0);',
    [compressed('across 64 KiB')],
  ],
  [
    'what was inflated beyond the room of a call is lost',
    INFLATE,
    'store<u32>(STATE_PENDING, <u32>pending);',
    'store<u32>(STATE_PENDING, 0);',
    [compressed('12.1.10')],
  ],
  [
    'more codes of code lengths than there are',
    INFLATE_HEADER,
    '(halves >> 32) != 1 << 7) return false;',
    '(halves >> 32) < 1 << 7) return false;',
    [DYNAMIC_HEADER],
  ],
  ['a block may be without an end', INFLATE_HEADER, '    ENTRY_END,\n  );', '    0,\n  );', [DYNAMIC_HEADER]],
  [
    'two tokens are put at once that have a bit too many',
    'assembly/deflate/compress/token-writer.ts',
    'if (firstCount + secondCount > 56) {',
    'if (firstCount + secondCount > 57) {',
    [{ file: 'test/unit/deflate/kernel/deflate.test.ts', filter: 'side by side' }],
  ],
  [
    'a hash that others have used is taken as it is',
    'assembly/deflate/compress/deflate.ts',
    'load<u32>(KNOWN) == <u32>contextPtr',
    'load<u32>(KNOWN) != 1',
    [{ file: 'test/unit/deflate/kernel/deflate.test.ts', filter: 'whoever came between' }],
  ],
  [
    'level smallest leaves the hash that it has used as known',
    'assembly/deflate/compress/deflate.ts',
    'if (level == LEVEL_SMALLEST) store<u32>(KNOWN, 0);',
    'if (level == LEVEL_SMALLEST) store<u32>(KNOWN, load<u32>(KNOWN));',
    [{ file: 'test/unit/deflate/kernel/deflate.test.ts', filter: 'whoever came between' }],
  ],

  // ---- permessage-deflate: TypeScript
  [
    'one byte more than the limit is inflated',
    'src/deflate/inflation.ts',
    'if (length > this.#left) throw',
    'if (length > this.#left + 1) throw',
    [compressed('bytes, (125|65536) allowed')],
  ],
  [
    'the limit holds for each piece of a message that is inflated',
    'src/deflate/inflation.ts',
    'this.#left -= length;',
    '',
    [compressed('bomb|bytes, 65537 allowed')],
  ],
  [
    'the last piece of a message is not remembered',
    'src/deflate/inflation.ts',
    '(isKept ? INFLATE_KEEP : 0)',
    '0',
    [compressed('7.2.3.2')],
  ],
  [
    'a new connection finds what the one before it remembered',
    'src/deflate/message-inflater.ts',
    'kernel.initContext(contextPtr, this.#windowLength, 0);',
    '',
    [compressed('7.2.3.2|before the start')],
  ],
  [
    'a Close from the peer cuts off a message that is leaving in slices',
    'src/messages/send/close-sender.ts',
    'this.#sender.inTurn(payload, (queued) => {\n      if (isLast)',
    'this.#sender.clear();\n    this.#sender.inTurn(payload, (queued) => {\n      if (isLast)',
    [{ file: 'test/unit/deflate/sending-long.test.ts', filter: 'before the reply' }],
  ],
  [
    'a message in steps finds the tables of another',
    'src/deflate/kernel/wasm-deflate.ts',
    'tables.set(savedTables);',
    '',
    [{ file: 'test/unit/deflate/kernel/inflate-steps.test.ts', filter: 'wasm' }],
  ],
  [
    'a message in steps finds the window of another',
    'src/deflate/inflation.ts',
    'bytes.set(context, ptr);',
    '',
    [{ file: 'test/unit/connection/turns.test.ts', filter: 'apart' }],
  ],
  [
    'input that was left is taken from where others have put theirs',
    'src/deflate/inflation.ts',
    'if (arena.inputOwner === this) return 0;',
    'return 0;',
    [{ file: 'test/unit/connection/turns.test.ts', filter: 'apart' }],
  ],
  [
    'headers of blocks cost nothing',
    INFLATE,
    'charge(HEADER_COST);',
    '',
    [{ file: 'test/unit/deflate/kernel/inflate-steps.test.ts', filter: 'wasm' }],
  ],
  [
    'a turn has no end',
    'src/messages/turn.ts',
    'return left <= 0;',
    'return false;',
    [{ file: 'test/unit/connection/turns.test.ts', filter: 'wasm' }],
  ],
  [
    'who has more to do goes on before the others',
    'src/node/socket/turns.ts',
    'waiting = [...takers.slice(next), ...waiting];',
    'waiting = [...waiting, ...takers.slice(next)];',
    [{ file: 'test/unit/node/socket/turns.test.ts', filter: 'in order' }],
  ],

  // ---- The read path on Node
  [
    'resume reads on although the rest behind a listener that threw is pending',
    'src/node/socket/reads/read-gate.ts',
    'if (this.#reasons === 0) this.#socket.resume();',
    'this.#socket.resume();',
    [{ file: 'test/unit/node/socket/reads/read-gate.test.ts' }],
  ],
  [
    'a socket is read directly although the program listens to its bytes',
    'src/node/socket/reads/socket-events.ts',
    'if (reader === undefined || !canBypass(this)) return this.push',
    'if (reader === undefined) return this.push',
    [{ file: 'test/unit/node/socket/reads/direct-reads.test.ts' }],
  ],
  [
    'other listeners of a socket hear bytes that have been unmasked',
    'src/node/socket/reads/socket-events.ts',
    "this.listenerCount('data') > 1 ? Buffer.from(chunk) : chunk",
    'chunk',
    [{ file: 'test/unit/node/socket/reads/direct-reads.test.ts' }],
  ],
  [
    'no scavenge is asked for',
    'src/node/socket/reads/early-scavenges.ts',
    'if (bytesSinceLast < interval) return;',
    'if (bytesSinceLast < Infinity) return;',
    [{ file: 'test/unit/node/socket/reads/early-scavenges.test.ts' }],
  ],
  [
    'a lent buffer serves again while a handler has it',
    'src/messages/receive/record-reader.ts',
    '      sink.deliver(kind, data);\n',
    '      takeBack(data);\n      sink.deliver(kind, data);\n',
    [{ file: 'test/unit/messages/receive/message-lifetime.test.ts' }],
  ],
  [
    'a long lent message is written by reference',
    'src/node/socket/writes/outgoing.ts',
    ' && !isLent(payload)',
    '',
    [{ file: 'test/unit/node/websocket/message-lifetime.test.ts' }],
  ],
];
