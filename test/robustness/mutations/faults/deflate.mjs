// Faults of permessage-deflate: of its kernel, and of the TypeScript around it.

import { compressed, DYNAMIC_HEADER } from './tests.mjs';

const INFLATE = 'assembly/deflate/inflate/inflate.ts';
const INFLATE_BLOCK = 'assembly/deflate/inflate/inflate-block.ts';
const INFLATE_HEADER = 'assembly/deflate/inflate/inflate-header.ts';

export const DEFLATE = [
  // ---- the kernel
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

  // ---- TypeScript
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
];
