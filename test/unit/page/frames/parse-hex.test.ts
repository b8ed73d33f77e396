// src/page/frames/parse-hex.ts: hex as people paste it.

import { describe, expect, it } from 'vitest';
import { parseHex } from '../../../../src/page/frames/parse-hex.js';

describe('parseHex', () => {
  it.each([
    '81 05 48 65 6c 6c 6f',
    '810548656c6c6f',
    '8105 48656C6C6F',
    '  81\t05\r\n48 65\n\n6c 6c 6f \n',
    '0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f',
    '0x81,0x5,0x48,0x65,0x6c,0x6c,0x6f,',
    '{0X81, 0x5, 0x48, 0x65, 0x6c, 0x6c, 0x6f};',
    '[81:05:48:65:6c:6c:6f]',
    '\\x81\\x05\\x48\\x65\\x6c\\x6c\\x6f',
    '0x810548656c6c6f',
  ])('reads %j', (text) => {
    expect([...parseHex(text)]).toEqual([0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
  });

  it.each([
    ['', 'There is nothing to decode: paste some bytes in hex, such as 81 02 68 69.'],
    [' ,\n', 'There is nothing to decode: paste some bytes in hex, such as 81 02 68 69.'],
    ['81 0g', '“g” is not a hex digit (line 1, character 5).'],
    ['81 05\n48 6‐5', '“‐” is not a hex digit (line 2, character 5).'],
    ['81 👋', '“👋” is not a hex digit (line 1, character 4).'],
    ['81 0x', '“0x” has an odd number of digits (line 1, character 4): a byte is two, such as 05.'],
    ['81 5 48', '“5” has an odd number of digits (line 1, character 4): a byte is two, such as 05.'],
    ['810', '“810” has an odd number of digits (line 1, character 1): a byte is two, such as 05.'],
    ['0x810x05', '“x” is not a hex digit (line 1, character 6).'],
    [
      `${'81'.repeat(30)}8`,
      '“81818181818181818181…” has an odd number of digits (line 1, character 1): a byte is two, such as 05.',
    ],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseHex(text)).toThrow(message);
  });
});
