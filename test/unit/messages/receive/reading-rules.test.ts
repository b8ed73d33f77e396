// src/messages/receive/reading-rules.ts: rules are shared by those who are told the same, and by nobody else.

import { describe, expect, it } from 'vitest';
import {
  type MessageDecoderOptions,
  type ReadingRules,
  readingRulesFor,
} from '../../../../src/messages/receive/reading-rules.js';

type Changeable = { -readonly [Name in keyof MessageDecoderOptions]: MessageDecoderOptions[Name] };

const BY_DEFAULT: ReadingRules = {
  textAsBytes: false,
  inPieces: false,
  ownsChunks: true,
  isValidated: true,
  maxFragments: Number.MAX_SAFE_INTEGER,
  maxMessageLength: 16 * 1024 * 1024,
};
/** Each option by itself, and which rule it makes. */
const EACH: readonly (readonly [Partial<MessageDecoderOptions>, Partial<ReadingRules>])[] = [
  [{}, {}],
  [{ textAs: 'bytes' }, { textAsBytes: true }],
  [{ deliver: 'pieces' }, { inPieces: true }],
  [{ ownsChunks: false }, { ownsChunks: false }],
  [{ skipUtf8Validation: true }, { isValidated: false }],
  [{ maxFragments: 3 }, { maxFragments: 3 }],
  [{ maxMessageLength: 0 }, { maxMessageLength: 0 }],
];

describe('readingRulesFor', () => {
  it('makes of each option its rule, whatever was asked for before', () => {
    for (const [before] of EACH) {
      for (const [options, rules] of EACH) {
        readingRulesFor({ role: 'server', ...before });
        expect(readingRulesFor({ role: 'server', ...options })).toEqual({ ...BY_DEFAULT, ...rules });
      }
    }
  });

  it('gives those who are told the same one after the other the same, whoever they are', () => {
    const rules = readingRulesFor({ role: 'server', maxFragments: 5 });
    expect(readingRulesFor({ role: 'client', maxFragments: 5, textAs: 'string' })).toBe(rules);
  });

  it('does not change with an object that it was made of', () => {
    const options: Changeable = { role: 'server', maxFragments: 5 };
    const rules = readingRulesFor(options);
    options.maxFragments = 6;
    options.textAs = 'bytes';
    expect(rules).toEqual({ ...BY_DEFAULT, maxFragments: 5 });
    expect(readingRulesFor(options)).toEqual({ ...BY_DEFAULT, maxFragments: 6, textAsBytes: true });
    expect(rules).toEqual({ ...BY_DEFAULT, maxFragments: 5 });
  });

  it.each([
    [{ textAs: 'text' }, TypeError],
    [{ deliver: 'chunks' }, TypeError],
    [{ ownsChunks: 1 }, TypeError],
    [{ maxFragments: 0 }, RangeError],
    [{ maxFragments: Number.NaN }, RangeError],
  ])('refuses %o, and what was asked for before stays', (wrong, error) => {
    const rules = readingRulesFor({ role: 'server', maxFragments: 7 });
    expect(() => readingRulesFor({ role: 'server', maxFragments: 7, ...(wrong as object) })).toThrow(error);
    expect(readingRulesFor({ role: 'server', maxFragments: 7 })).toBe(rules);
  });
});
