import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areDistinctTokens,
  describeHeader,
  fromRawHeaders,
  HeaderList,
  isFieldValue,
  isToken,
  parseList,
  quote,
  trimSpace,
} from '../../../src/handshake/headers.js';
import { cpuTime } from '../../support/programs/cpu-time.js';

const KIB_64 = 64 * 1024;

describe('HeaderList', () => {
  const expected = [
    ['host', 'example.com'],
    ['x-a', '1'],
    ['x-a', '2'],
  ];

  it('is made of pairs', () => {
    const pairs = [
      ['Host', 'example.com'],
      ['X-A', '1'],
      ['x-a', '2'],
    ] as const;
    expect([...HeaderList.from(pairs)]).toEqual(expected);
  });

  it('finds a name in any case, with letters outside ASCII too', () => {
    const list = HeaderList.from([
      ['Host', 'example.com'],
      ['X-Ä', '1'],
      ['x-ä', '2'],
    ]);
    expect([...list].map(([name]) => name)).toEqual(['host', 'x-ä', 'x-ä']);
    for (const name of ['host', 'HOST', 'hosT']) expect(list.getOnly(name)).toBe('example.com');
    for (const name of ['x-ä', 'X-Ä', 'x-Ä']) {
      expect(list.get(name)).toBe('1, 2');
      expect(list.getAll(name)).toEqual(['1', '2']);
      expect(list.hasToken(name, '2')).toBe(true);
    }
    expect(list.get('X-Missing')).toBeUndefined();
  });

  it('is made of an object like that of node:http', () => {
    const headers: IncomingHttpHeaders = { host: 'example.com', 'x-a': ['1', '2'], 'x-b': undefined };
    expect([...HeaderList.from(headers)]).toEqual(expected);
  });

  it('is made of a Map', () => {
    expect([...HeaderList.from(new Map([['Host', 'example.com']]))]).toEqual([['host', 'example.com']]);
  });

  it('is made of a WHATWG Headers', () => {
    const headers = new Headers({ Host: 'example.com' });
    headers.append('X-A', '1');
    headers.append('X-A', '2');
    expect(HeaderList.from(headers).get('x-A')).toBe('1, 2');
    expect(HeaderList.from(headers).getList('x-a')).toEqual(['1', '2']);
  });

  it('is made of the rawHeaders of node:http', () => {
    expect([...fromRawHeaders(['Host', 'example.com', 'X-A', '1', 'x-a', '2'])]).toEqual(expected);
    expect([...fromRawHeaders(['Host', 'example.com', 'left over'])]).toEqual([['host', 'example.com']]);
  });

  it('is itself', () => {
    const list = fromRawHeaders(['Host', 'example.com']);
    expect(HeaderList.from(list)).toBe(list);
  });

  it('knows only what it was given, whatever the name', () => {
    const list = fromRawHeaders(['__proto__', 'a', 'constructor', 'b']);
    expect(list.get('__proto__')).toBe('a');
    expect(list.get('constructor')).toBe('b');
    expect(list.get('toString')).toBeUndefined();
    expect(HeaderList.from(JSON.parse('{"__proto__": "a"}')).get('__proto__')).toBe('a');
    expect(HeaderList.from({}).get('hasOwnProperty')).toBeUndefined();
  });

  it('takes names in any case, and values without the white space around them', () => {
    const list = new HeaderList();
    list.append('UPGRADE', ' \t WebSocket\t ');
    expect(list.get('Upgrade')).toBe('WebSocket');
    expect(list.getAll('upgrade')).toEqual(['WebSocket']);
    expect(list.getAll('connection')).toEqual([]);
    expect(list.getList('connection')).toEqual([]);
  });

  it('finds a token in lists of any spacing, in several lines, in any case', () => {
    const list = fromRawHeaders(['Connection', 'keep-alive ,\t,', 'connection', ' ,UPGRADE']);
    expect(list.hasToken('CONNECTION', 'upgrade')).toBe(true);
    expect(list.hasToken('connection', 'Keep-Alive')).toBe(true);
    expect(list.hasToken('connection', 'keep')).toBe(false);
    expect(list.hasToken('upgrade', 'websocket')).toBe(false);
  });

  it('finds nothing that is no element, though it be all that stands there', () => {
    const list = fromRawHeaders(['Connection', '', 'Upgrade', 'a, b', 'X', 'c d']);
    expect(list.hasToken('connection', '')).toBe(false);
    expect(list.hasToken('upgrade', 'a, b')).toBe(false);
    expect(list.hasToken('upgrade', 'A')).toBe(true);
    expect(list.hasToken('x', 'C D')).toBe(true);
  });

  it('tells the only line of a name from none and from several, an empty one too', () => {
    const list = fromRawHeaders(['Host', 'a', 'X-A', '', 'x-b', '1', 'X-B', '1', 'x-c', '', 'X-C', '']);
    expect(list.getOnly('HOST')).toBe('a');
    expect(list.getOnly('x-a')).toBe('');
    expect(list.getOnly('x-b')).toBeUndefined();
    expect(list.getOnly('x-c')).toBeUndefined();
    expect(list.getOnly('x-d')).toBeUndefined();
    expect([list.get('x-a'), list.get('x-b'), list.get('x-c'), list.get('x-d')]).toEqual(['', '1, 1', ', ', undefined]);
    expect(list.getAll('x-c')).toEqual(['', '']);
  });

  it('says for an error what it holds', () => {
    const list = fromRawHeaders(['A', 'x"y', 'B', 'z'.repeat(1000)]);
    expect(describeHeader(list, 'a')).toBe('"x\\"y"');
    expect(describeHeader(list, 'b')).toBe(`"${'z'.repeat(100)}"`);
    expect(describeHeader(list, 'c')).toBe('there is none');
    expect(quote('\r\n')).toBe('"\\r\\n"');
  });
});

describe('parseList', () => {
  it.each([
    ['', []],
    [' \t', []],
    [',', []],
    [', ,,\t,', []],
    ['a', ['a']],
    ['chat, superchat', ['chat', 'superchat']],
    [',a ,\tb,, c d,', ['a', 'b', 'c d']],
  ])('reads %j', (value, elements) => {
    expect(parseList(value)).toEqual(elements);
  });

  it('reads what a simpler program reads', () => {
    const text = fc.string({ unit: fc.constantFrom(',', ' ', '\t', 'a', 'b'), maxLength: 30 });
    fc.assert(
      fc.property(text, (value) => {
        const elements = value.split(',').map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ''));
        expect(parseList(value)).toEqual(elements.filter((element) => element !== ''));
      }),
    );
  });

  it('finds every element however it is spaced', () => {
    const element = fc.string({ unit: fc.constantFrom('a', 'B', '-', '1'), minLength: 1, maxLength: 8 });
    const gap = fc.constantFrom('', ' ', '\t', '  ', ',', ' , ');
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, element, gap)), (parts) => {
        const value = parts.map((part) => part.join('')).join(',');
        expect(parseList(value)).toEqual(parts.map(([, name]) => name));
      }),
    );
  });

  // A quadratic reader would need 4 * 10^9 steps for each of these.
  it.each([' ', ',', '\t', ' ,', 'a', 'a,', 'a ', ' ,\t'])('reads 64 KiB of %j in linear time', (unit) => {
    const value = unit.repeat(KIB_64 / unit.length);
    const start = cpuTime();
    const list = fromRawHeaders(['Connection', value, 'Connection', value]);
    expect(list.hasToken('connection', 'upgrade')).toBe(false);
    expect(isToken(`${value}\n`)).toBe(false);
    expect(isFieldValue(`${value}\n`)).toBe(false);
    expect(cpuTime() - start).toBeLessThan(1000);
  });
});

describe('isToken, areDistinctTokens, isFieldValue, trimSpace', () => {
  it('knows every character of a token', () => {
    for (let code = 0; code < 0x200; code++) {
      const char = String.fromCharCode(code);
      expect(isToken(char)).toBe(/[A-Za-z0-9]/.test(char) || "!#$%&'*+-.^_`|~".includes(char));
    }
    expect(isToken('')).toBe(false);
    expect(isToken('a\n')).toBe(false);
  });

  it('knows a list of distinct tokens', () => {
    expect(areDistinctTokens([])).toBe(true);
    expect(areDistinctTokens(['a', 'A'])).toBe(true);
    expect(areDistinctTokens(['a', 'b', 'a'])).toBe(false);
    expect(areDistinctTokens(['a b'])).toBe(false);
  });

  it('knows every character of a field value', () => {
    for (let code = 0; code < 0x200; code++) {
      const isAllowed = code === 9 || (code >= 0x20 && code !== 0x7f && code <= 0xff);
      expect(isFieldValue(`a${String.fromCharCode(code)}b`)).toBe(isAllowed);
    }
    expect(isFieldValue('')).toBe(true);
  });

  it('trims spaces and tabs, and nothing else', () => {
    expect(trimSpace(' \t a b\t ')).toBe('a b');
    expect(trimSpace('\xa0a\n')).toBe('\xa0a\n');
    expect(trimSpace(' \t ')).toBe('');
  });
});
