// permessage-deflate's negotiation (RFC 7692 sections 5 and 7.1): what a server answers to an offer, and which answers a
// client takes. The cases of the Autobahn suite's section 13 are among them, by their meaning.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAnswerTo } from '../../../src/deflate/negotiation.js';
import { formatParameters, readParameters } from '../../../src/deflate/parameters.js';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '../../../src/deflate/per-message-deflate.js';
import { formatExtensions, parseExtensions } from '../../../src/handshake/extensions.js';

const NAME = 'permessage-deflate';

/** The server's answer, as the header has it. */
function answer(offers: string, options: PerMessageDeflateOptions = { inflateWindowBits: 15 }): string {
  return formatExtensions(new PerMessageDeflate(options).answer(parseExtensions(offers)));
}

/** Why a client that made this offer refuses this answer, or undefined. */
function refusal(offer: string, given: string): string | undefined {
  const deflate = new PerMessageDeflate({ kernel: 'portable' });
  try {
    deflate.forClient(parseExtensions(given), parseExtensions(offer))?.release();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('the parameters', () => {
  it.each([
    '',
    'server_no_context_takeover',
    'client_no_context_takeover',
    'server_max_window_bits=8',
    'server_max_window_bits=15',
    'server_max_window_bits="10"',
    'client_max_window_bits',
    'client_max_window_bits=8',
    'client_max_window_bits=15',
    'client_max_window_bits; server_max_window_bits=9; client_no_context_takeover; server_no_context_takeover',
  ])('%s is well-formed', (text) => {
    const [offer] = parseExtensions([NAME, ...text.split('; ').filter(Boolean)].join('; '));
    const parameters = readParameters(offer!);
    expect(parameters).toBeDefined();
    expect(readParameters(formatParameters(parameters!))).toEqual(parameters);
  });

  const BAD = [
    'server_no_context_takeover=1',
    'server_no_context_takeover=true',
    'client_no_context_takeover=""'.replace('""', 'x'),
    'server_max_window_bits',
    'client_max_window_bits=true',
    'server_max_window_bits=0',
    'server_max_window_bits=7',
    'server_max_window_bits=16',
    'server_max_window_bits=1000',
    'server_max_window_bits=08',
    'server_max_window_bits=+8',
    'server_max_window_bits=8.0',
    'server_max_window_bits=0x8',
    'server_max_window_bits=1e1',
    'client_max_window_bits=0',
    'client_max_window_bits=7',
    'client_max_window_bits=16',
    'client_max_window_bits=1000',
    'client_max_window_bits=08',
    'server_max_window_bits=10; server_max_window_bits=10',
    'client_max_window_bits; client_max_window_bits=10',
    'server_no_context_takeover; server_no_context_takeover',
    'client_no_context_takeover; client_no_context_takeover',
    'unknown',
    'unknown=1',
    'Server_No_Context_Takeover',
    'server_max_window_bits=10; foo',
  ];

  it.each(BAD)('a server declines an offer with %s, and takes the next', (text) => {
    expect(answer(`${NAME}; ${text}`)).toBe('');
    expect(answer(`${NAME}; ${text}, ${NAME}; server_max_window_bits=11`)).toBe(`${NAME}; server_max_window_bits=11`);
  });

  it.each(BAD)('a client refuses an answer with %s', (text) => {
    const offer = `${NAME}; client_max_window_bits`;
    expect(refusal(offer, `${NAME}; ${text}`)).toBe('WSIMD_RESPONSE_EXTENSIONS');
  });

  it.each(['server_max_window_bits=', 'server_max_window_bits=""', 'a=1;', ';'])('%s is no header at all', (text) => {
    expect(() => parseExtensions(`${NAME}; ${text}`)).toThrow();
  });
});

describe('a server answers', () => {
  it.each<[offers: string, answered: string, options?: PerMessageDeflateOptions]>([
    // Nothing is asked for, nothing is said.
    [NAME, NAME],
    [`${NAME}; client_max_window_bits`, NAME],
    ['permessage-bzip2, x-webkit-deflate-frame', ''],
    [`permessage-bzip2, ${NAME}`, NAME],
    // 7.1.1.1: what is asked for must be said; what is not may.
    [`${NAME}; server_no_context_takeover`, `${NAME}; server_no_context_takeover`],
    [NAME, `${NAME}; server_no_context_takeover`, { deflateTakeover: false }],
    // 7.1.1.2
    [`${NAME}; client_no_context_takeover`, `${NAME}; client_no_context_takeover`],
    [NAME, `${NAME}; client_no_context_takeover`, { inflateTakeover: false }],
    // 7.1.2.1: at most what is asked for.
    [`${NAME}; server_max_window_bits=8`, `${NAME}; server_max_window_bits=8`],
    [`${NAME}; server_max_window_bits=9`, `${NAME}; server_max_window_bits=9`],
    [`${NAME}; server_max_window_bits=15`, `${NAME}; server_max_window_bits=12`],
    [`${NAME}; server_max_window_bits=15`, `${NAME}; server_max_window_bits=15`, { deflateWindowBits: 15 }],
    // Without takeover the whole window costs nothing.
    [
      `${NAME}; server_max_window_bits=14`,
      `${NAME}; server_no_context_takeover; server_max_window_bits=14`,
      { deflateTakeover: false },
    ],
    // 7.1.2.2: said only to a client that offered it, at most what it offered.
    [NAME, NAME, { inflateWindowBits: 9 }],
    [`${NAME}; client_max_window_bits`, `${NAME}; client_max_window_bits=9`, { inflateWindowBits: 9 }],
    [`${NAME}; client_max_window_bits`, `${NAME}; client_max_window_bits=12`, {}],
    [`${NAME}; client_max_window_bits=10`, `${NAME}; client_max_window_bits=10`, {}],
    [`${NAME}; client_max_window_bits=10`, `${NAME}; client_max_window_bits=10`],
    [`${NAME}; client_max_window_bits=15`, NAME],
    // 7.1.3: several offers, the first that will do.
    [`${NAME}; client_max_window_bits; server_max_window_bits=10, ${NAME}`, `${NAME}; server_max_window_bits=10`],
    [
      `${NAME}; server_max_window_bits=7, ${NAME}; nonsense, ${NAME}; client_no_context_takeover`,
      `${NAME}; client_no_context_takeover`,
    ],
    // A pool of nothing: nothing is ever remembered.
    [NAME, `${NAME}; server_no_context_takeover; client_no_context_takeover`, { poolLength: 0 }],
  ])('%s with %s', (offers, answered, options) => {
    expect(answer(offers, options)).toBe(answered);
  });

  it('what a client takes, whatever was offered', () => {
    const bits = fc.option(fc.integer({ min: 8, max: 15 }), { nil: undefined });
    const offers = fc.record({
      serverNoContextTakeover: fc.boolean(),
      clientNoContextTakeover: fc.boolean(),
      serverMaxWindowBits: bits,
      clientMaxWindowBits: fc.oneof(bits, fc.constant(true as const)),
    });
    const options = fc.record({
      deflateTakeover: fc.boolean(),
      inflateTakeover: fc.boolean(),
      deflateWindowBits: fc.integer({ min: 8, max: 15 }),
      inflateWindowBits: fc.integer({ min: 8, max: 15 }),
    });
    fc.assert(
      fc.property(offers, options, (offered, wish) => {
        const [given] = new PerMessageDeflate(wish).answer([formatParameters(offered)]);
        expect(isAnswerTo(readParameters(given!)!, offered)).toBe(true);
      }),
    );
  });
});

describe('a client', () => {
  const offered = (options: PerMessageDeflateOptions) => formatExtensions(new PerMessageDeflate(options).offer());

  it.each<[PerMessageDeflateOptions, string]>([
    [{}, `${NAME}; client_max_window_bits`],
    [{ inflateWindowBits: 15 }, `${NAME}; client_max_window_bits`],
    [{ inflateWindowBits: 9 }, `${NAME}; server_max_window_bits=9; client_max_window_bits`],
    [{ deflateTakeover: false }, `${NAME}; client_no_context_takeover; client_max_window_bits`],
    [{ inflateTakeover: false }, `${NAME}; server_no_context_takeover; client_max_window_bits`],
    [{ poolLength: 0 }, `${NAME}; server_no_context_takeover; client_no_context_takeover; client_max_window_bits`],
  ])('with %o offers %s', (options, offer) => {
    expect(offered(options)).toBe(offer);
  });

  const HINT = `${NAME}; client_max_window_bits`;
  it.each<[offer: string, given: string]>([
    [HINT, NAME],
    [HINT, `${NAME}; client_max_window_bits=8`],
    [HINT, `${NAME}; client_max_window_bits="15"`],
    [`${NAME}; client_max_window_bits=12`, `${NAME}; client_max_window_bits=12`],
    [NAME, `${NAME}; server_no_context_takeover`],
    [NAME, `${NAME}; client_no_context_takeover`],
    [NAME, `${NAME}; server_max_window_bits=8`],
    [`${NAME}; server_max_window_bits=10`, `${NAME}; server_max_window_bits=9`],
    [`${NAME}; client_no_context_takeover`, NAME],
    // The second of two offers.
    [`${NAME}; server_max_window_bits=10, ${NAME}`, NAME],
    [HINT, ''],
    [HINT, 'something-else'],
  ])('that offers %s takes %s', (offer, given) => {
    expect(refusal(offer, given)).toBeUndefined();
  });

  it.each<[offer: string, given: string]>([
    // 7.1.2.2: a value for what was not offered, none where there must be one, one above the hint.
    [NAME, `${NAME}; client_max_window_bits=10`],
    [HINT, `${NAME}; client_max_window_bits`],
    [`${NAME}; client_max_window_bits=12`, `${NAME}; client_max_window_bits=13`],
    // 7.1.2.1: a larger window than was asked for, or none.
    [`${NAME}; server_max_window_bits=10`, `${NAME}; server_max_window_bits=11`],
    [`${NAME}; server_max_window_bits=10`, NAME],
    // 7.1.1.1
    [`${NAME}; server_no_context_takeover`, NAME],
    // Twice, or not offered.
    [HINT, `${NAME}, ${NAME}`],
    ['something-else', NAME],
    ['', NAME],
  ])('that offers %s refuses %s', (offer, given) => {
    expect(refusal(offer, given)).toBe('WSIMD_RESPONSE_EXTENSIONS');
  });
});

describe('the options', () => {
  it.each<[object, string]>([
    [{ level: 'best' }, 'level'],
    [{ threshold: -1 }, 'threshold'],
    [{ threshold: Number.NaN }, 'threshold'],
    [{ deflateWindowBits: 7 }, 'deflateWindowBits'],
    [{ deflateWindowBits: 16 }, 'deflateWindowBits'],
    [{ inflateWindowBits: 7 }, 'inflateWindowBits'],
    [{ inflateWindowBits: '10' }, 'inflateWindowBits'],
    [{ deflateHashBits: 7 }, 'deflateHashBits'],
    [{ deflateHashBits: 13 }, 'deflateHashBits'],
    [{ poolLength: 1000 }, 'poolLength'],
    [{ poolLength: 2 ** 31 }, 'poolLength'],
  ])('%o is out of range', (options, name) => {
    expect(() => new PerMessageDeflate(options as PerMessageDeflateOptions)).toThrow(name);
  });

  it('make no memory before there is something to compress', () => {
    const deflate = new PerMessageDeflate();
    deflate.answer([]);
    deflate.answer(parseExtensions('x-other, permessage-deflate; nonsense'));
    deflate.offer();
    expect(deflate.kernelName).toBeUndefined();
    expect(deflate.poolUse).toEqual({ usedLength: 0, length: 64 * 1024 * 1024, contexts: 0 });
    // What is agreed on has to be there.
    deflate.answer(parseExtensions(NAME));
    expect(deflate.kernelName).toBeDefined();
    expect(deflate.poolUse).toEqual({ usedLength: 0, length: 64 * 1024 * 1024, contexts: 0 });
  });
});
