// src/messages/receive/decoder-config.ts: connections with the same options share one config, and no others do.

import { describe, expect, it } from 'vitest';
import {
  decoderConfigFor,
  type MessageDecoderConfig,
  type MessageDecoderOptions,
} from '../../../../src/messages/receive/decoder-config.js';

type Changeable = { -readonly [Name in keyof MessageDecoderOptions]: MessageDecoderOptions[Name] };

const BY_DEFAULT: MessageDecoderConfig = {
  textAsBytes: false,
  inPieces: false,
  ownsChunks: true,
  inTurns: false,
  isLent: false,
  isWiped: false,
  isValidated: true,
  maxFragments: Number.MAX_SAFE_INTEGER,
  maxMessageLength: 16 * 1024 * 1024,
};
/** Each option by itself, and which rule it makes. */
const EACH: readonly (readonly [Partial<MessageDecoderOptions>, Partial<MessageDecoderConfig>])[] = [
  [{}, {}],
  [{ textAs: 'bytes' }, { textAsBytes: true }],
  [{ deliver: 'pieces' }, { inPieces: true }],
  [{ ownsChunks: false }, { ownsChunks: false }],
  [{ inTurns: true }, { inTurns: true }],
  [{ messageLifetime: 'listener' }, { isLent: true }],
  [{ messageLifetime: 'listener-checked' }, { isLent: true, isWiped: true }],
  [{ skipUtf8Validation: true }, { isValidated: false }],
  [{ maxFragments: 3 }, { maxFragments: 3 }],
  [{ maxMessageLength: 0 }, { maxMessageLength: 0 }],
];

describe('decoderConfigFor', () => {
  it('makes of each option its rule, whatever was asked for before', () => {
    for (const [before] of EACH) {
      for (const [options, config] of EACH) {
        decoderConfigFor({ role: 'server', ...before });
        expect(decoderConfigFor({ role: 'server', ...options })).toEqual({ ...BY_DEFAULT, ...config });
      }
    }
  });

  it('gives callers with the same options, one after the other, the same object', () => {
    const config = decoderConfigFor({ role: 'server', maxFragments: 5 });
    expect(decoderConfigFor({ role: 'client', maxFragments: 5, textAs: 'string' })).toBe(config);
  });

  it('does not change with an object that it was made of', () => {
    const options: Changeable = { role: 'server', maxFragments: 5 };
    const config = decoderConfigFor(options);
    options.maxFragments = 6;
    options.textAs = 'bytes';
    expect(config).toEqual({ ...BY_DEFAULT, maxFragments: 5 });
    expect(decoderConfigFor(options)).toEqual({ ...BY_DEFAULT, maxFragments: 6, textAsBytes: true });
    expect(config).toEqual({ ...BY_DEFAULT, maxFragments: 5 });
  });

  it.each([
    [{ textAs: 'text' }, TypeError],
    [{ deliver: 'chunks' }, TypeError],
    [{ ownsChunks: 1 }, TypeError],
    [{ inTurns: 'yes' }, TypeError],
    [{ maxFragments: 0 }, RangeError],
    [{ maxFragments: Number.NaN }, RangeError],
  ])('refuses %o, and what was asked for before stays', (wrong, error) => {
    const config = decoderConfigFor({ role: 'server', maxFragments: 7 });
    expect(() => decoderConfigFor({ role: 'server', maxFragments: 7, ...(wrong as object) })).toThrow(error);
    expect(decoderConfigFor({ role: 'server', maxFragments: 7 })).toBe(config);
  });
});
