// Bytes to paste: the examples of RFC 6455 section 5.7 with a Close frame, two of RFC 7692 section 7.2.3, and some that break the
// rules. Data only.

import { formatHex } from '../bytes.js';

export interface Example {
  readonly label: string;
  readonly hex: string;
}

export const EXAMPLES: readonly Example[] = [
  { label: 'Text', hex: '81 05 48 65 6c 6c 6f' },
  { label: 'Masked text', hex: '81 85 37 fa 21 3d 7f 9f 4d 51 58' },
  { label: 'Fragmented text', hex: '01 03 48 65 6c\n80 02 6c 6f' },
  { label: 'Ping and pong', hex: '89 05 48 65 6c 6c 6f\n8a 85 37 fa 21 3d 7f 9f 4d 51 58' },
  { label: '256 bytes of binary', hex: `82 7e 01 00\n${formatHex(Uint8Array.from({ length: 256 }, (_, i) => i))}` },
  { label: 'Compressed text, twice', hex: 'c1 07 f2 48 cd c9 c9 07 00\nc1 05 f2 00 11 00 00' },
  { label: 'Close', hex: '88 09 03 e8 67 6f 6f 64 62 79 65' },
];

export const BROKEN_EXAMPLES: readonly Example[] = [
  { label: 'Reserved bit', hex: 'a1 05 48 65 6c 6c 6f' },
  { label: 'Not compressed', hex: 'c1 05 48 65 6c 6c 6f' },
  { label: 'Reserved opcode', hex: '83 00' },
  { label: 'Length not minimal', hex: '81 7e 00 05 48 65 6c 6c 6f' },
  { label: 'Bad UTF-8', hex: '81 07 63 61 66 c3 20 6f 6b' },
  { label: 'Fragmented ping', hex: '09 00' },
  { label: 'Stray continuation', hex: '80 02 6c 6f' },
  { label: 'Close code 1005', hex: '88 02 03 ed' },
  { label: 'Cut short', hex: '81 05 48 65' },
];
