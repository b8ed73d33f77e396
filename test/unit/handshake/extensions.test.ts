import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ExtensionOffer, formatExtensions, parseExtensions } from '../../../src/handshake/extensions.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { cpuTime } from '../../support/programs/cpu-time.js';

const KIB_64 = 64 * 1024;

function refusal(value: string): string | undefined {
  try {
    parseExtensions(value);
  } catch (error) {
    if (error instanceof ProtocolError && error.status === 400) return error.code;
    throw error;
  }
  return undefined;
}

describe('parseExtensions', () => {
  const deflate = (...parameters: [string, string | true][]) => ({ name: 'permessage-deflate', parameters });

  it.each<[string, ExtensionOffer[]]>([
    ['', []],
    [' ', []],
    [', ,\t,', []],
    ['permessage-deflate', [deflate()]],
    ['permessage-deflate; client_max_window_bits', [deflate(['client_max_window_bits', true])]],
    ['permessage-deflate;client_max_window_bits=10', [deflate(['client_max_window_bits', '10'])]],
    ['permessage-deflate ; client_max_window_bits = "10" ', [deflate(['client_max_window_bits', '10'])]],
    ['permessage-deflate; a="\\1\\0"', [deflate(['a', '10'])]],
    ['permessage-deflate; a; a=1; a=1', [deflate(['a', true], ['a', '1'], ['a', '1'])]],
    [
      'permessage-deflate; server_no_context_takeover, permessage-deflate,,x-webkit-deflate-frame',
      [deflate(['server_no_context_takeover', true]), deflate(), { name: 'x-webkit-deflate-frame', parameters: [] }],
    ],
    [
      'foo, bar; baz=2',
      [
        { name: 'foo', parameters: [] },
        { name: 'bar', parameters: [['baz', '2']] },
      ],
    ],
    ['__proto__; constructor=1', [{ name: '__proto__', parameters: [['constructor', '1']] }]],
  ])('reads %j', (value, offers) => {
    expect(parseExtensions(value)).toEqual(offers);
  });

  it.each([
    'permessage-deflate;client max window bits',
    'permessage-deflate;',
    'permessage-deflate; ,',
    ';',
    ';a',
    '=',
    'a=b',
    'a b',
    'a;b=',
    'a;b=,c',
    'a;b==c',
    'a;=c',
    'a;;b',
    'a;b=c d',
    'a;b="',
    'a;b="c',
    'a;b="c\\',
    'a;b="c\\"',
    'a;b=""',
    'a;b="c d"',
    'a;b="c,d"',
    'a;b="c\\"d"',
    'a;b="c"d',
    'a;b="c" "d"',
    'a;"b"',
    '"a"',
    'a/b',
    'a;b=c/d',
    'a\n',
    'a;b=é',
    'a, b c',
  ])('refuses %j', (value) => {
    expect(refusal(value)).toBe('WSIMD_BAD_EXTENSIONS');
  });

  it('says where it stopped', () => {
    expect(() => parseExtensions('foo; bar baz')).toThrow(/malformed: near character 9/);
  });

  it('throws nothing but ProtocolError', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '1', ' ', '\t', ',', ';', '=', '"', '\\', 'é'),
      maxLength: 20,
    });
    fc.assert(
      fc.property(text, (value) => {
        const code = refusal(value);
        if (code === undefined) {
          const parsed = parseExtensions(value);
          expect(parseExtensions(formatExtensions(parsed))).toEqual(parsed);
        } else expect(code).toBe('WSIMD_BAD_EXTENSIONS');
      }),
      { numRuns: 5000 },
    );
  });

  // A quadratic reader would need 4 * 10^9 steps for each of these.
  it.each([' ', ',', ';', '"', '=', '\\', 'a', 'a,', 'a;', 'a;b=', 'a;b=",', '", ', 'a;b="c",', '\t,'])(
    'reads 64 KiB of %j in linear time',
    (unit) => {
      const value = unit.repeat(Math.floor(KIB_64 / unit.length));
      const start = cpuTime();
      refusal(value);
      refusal(`a;b="${value}`);
      refusal(`a${value}`);
      expect(cpuTime() - start).toBeLessThan(1000);
    },
  );
});

describe('formatExtensions', () => {
  const token = fc.string({ unit: fc.constantFrom('a', 'B', '7', '-', '_', '!'), minLength: 1, maxLength: 6 });
  const offer = fc.record({
    name: token,
    parameters: fc.array(fc.tuple(token, fc.oneof(token, fc.constant<true>(true)))),
  });

  it('is undone by parseExtensions', () => {
    fc.assert(
      fc.property(fc.array(offer), (offers) => {
        expect(parseExtensions(formatExtensions(offers))).toEqual(offers);
      }),
    );
  });

  it('writes what browsers write', () => {
    const offers: ExtensionOffer[] = [{ name: 'permessage-deflate', parameters: [['client_max_window_bits', true]] }];
    expect(formatExtensions(offers)).toBe('permessage-deflate; client_max_window_bits');
    expect(formatExtensions([])).toBe('');
  });

  it.each<ExtensionOffer>([
    { name: '', parameters: [] },
    { name: 'a\r\nX: y', parameters: [] },
    { name: 'a', parameters: [['b c', true]] },
    { name: 'a', parameters: [['b', '']] },
    { name: 'a', parameters: [['b', 'c\r\n']] },
  ])('throws at $name $parameters', (bad) => {
    expect(() => formatExtensions([bad])).toThrow(TypeError);
  });
});
