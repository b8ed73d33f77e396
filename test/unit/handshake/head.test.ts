import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  decodeLatin1,
  encodeLatin1,
  formatFields,
  formatHead,
  HeadReader,
  MAX_HEAD_LENGTH,
  MAX_HEADER_COUNT,
  parseRequestHead,
  parseResponseHead,
  type ReceivedHead,
} from '../../../src/handshake/head.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { cpuTime } from '../../support/programs/cpu-time.js';

const HEAD = 'GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade:WebSocket\r\n\r\n';

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && decodeLatin1(bytes);
}

/** Pushes a text cut at these offsets; each head comes with what was pushed up to it, but not handed out. */
function pushCut(reader: HeadReader, input: string, cuts: readonly number[]): (ReceivedHead | undefined)[] {
  const starts = [0, ...cuts];
  return starts.map((start, i) => reader.push(encodeLatin1(input.slice(start, starts[i + 1]))));
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return undefined;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('HeadReader', () => {
  it('finds the end at every split in two and three, with what follows', () => {
    const input = `${HEAD}\x81\x05hello\r\n\r\n`;
    for (let i = 0; i <= input.length; i++) {
      for (let j = i; j <= input.length; j += 7) {
        const received = pushCut(new HeadReader(), input, [i, j]);
        const at = received.findIndex((head) => head !== undefined);
        expect(text(received[at]?.head)).toBe(HEAD);
        const end = [i, j, input.length][at] ?? 0;
        expect(text(received[at]?.rest)).toBe(input.slice(HEAD.length, end));
      }
    }
  });

  it('finds the end byte by byte, and not before', () => {
    const reader = new HeadReader();
    for (let i = 0; i < HEAD.length - 1; i++) expect(reader.push(encodeLatin1(HEAD.charAt(i)))).toBeUndefined();
    const received = reader.push(encodeLatin1('\n'));
    expect(text(received?.head)).toBe(HEAD);
    expect(received?.rest).toHaveLength(0);
  });

  it('agrees with a search in the whole text, however it is cut', () => {
    const unit = fc.constantFrom('\r\n', '\r\n', '\n', '\r', 'a', 'b: c');
    const pieces = fc.array(fc.string({ unit, maxLength: 6 }), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, (chunks) => {
        const input = `x${chunks.join('')}`;
        const end = /\n\r?\n/.exec(input);
        const reader = new HeadReader();
        let received: ReceivedHead | undefined;
        for (const chunk of ['x', ...chunks]) received ??= reader.push(encodeLatin1(chunk));
        expect(text(received?.head)).toBe(end === null ? undefined : input.slice(0, end.index + end[0].length));
      }),
      { numRuns: 3000 },
    );
  });

  it('takes an empty chunk', () => {
    const reader = new HeadReader();
    expect(reader.push(new Uint8Array(0))).toBeUndefined();
    expect(text(reader.push(encodeLatin1(HEAD))?.head)).toBe(HEAD);
  });

  it('keeps no reference to a chunk, and reads a view where it lies', () => {
    const reader = new HeadReader();
    const chunk = encodeLatin1(`???${HEAD.slice(0, 20)}`);
    reader.push(chunk.subarray(3));
    chunk.fill(0);
    expect(text(reader.push(encodeLatin1(HEAD.slice(20)))?.head)).toBe(HEAD);
  });

  it('is ready for the next head', () => {
    const reader = new HeadReader();
    const first = reader.push(encodeLatin1(`HTTP/1.1 103 Early Hints\r\n\r\n${HEAD}rest`));
    expect(text(first?.head)).toBe('HTTP/1.1 103 Early Hints\r\n\r\n');
    const second = reader.push(first?.rest ?? new Uint8Array(0));
    expect(text(first?.head)).toBe('HTTP/1.1 103 Early Hints\r\n\r\n');
    expect(text(second?.head)).toBe(HEAD);
    expect(text(second?.rest)).toBe('rest');
  });

  it('hands out a head with bare line feeds too, to be refused at once', () => {
    for (const input of ['GET / HTTP/1.1\n\n', 'GET / HTTP/1.1\r\n\n', 'GET / HTTP/1.1\n\r\n']) {
      const received = new HeadReader().push(encodeLatin1(input));
      expect(text(received?.head)).toBe(input);
      expect(codeOf(() => parseRequestHead(received?.head ?? new Uint8Array(0)))).toBe('WSIMD_BAD_REQUEST');
    }
  });

  it('waits behind an empty line before the head', () => {
    const reader = new HeadReader();
    expect(reader.push(encodeLatin1('\r\n'))).toBeUndefined();
    expect(text(reader.push(encodeLatin1(HEAD))?.head)).toBe(`\r\n${HEAD}`);
    expect(text(new HeadReader().push(encodeLatin1('\r\n\r\nGET'))?.head)).toBe('\r\n\r\n');
  });

  const longest = `GET / HTTP/1.1\r\nX: ${'x'.repeat(MAX_HEAD_LENGTH - 23)}\r\n\r\n`;

  it('takes 16 KiB, in one piece, with a rest, and byte by byte', () => {
    expect(longest).toHaveLength(MAX_HEAD_LENGTH);
    expect(MAX_HEAD_LENGTH).toBe(16384);
    expect(new HeadReader().push(encodeLatin1(longest))?.head).toHaveLength(MAX_HEAD_LENGTH);
    const rest = 'y'.repeat(100_000);
    expect(text(new HeadReader().push(encodeLatin1(longest + rest))?.rest)).toBe(rest);
    const reader = new HeadReader();
    const received = [...encodeLatin1(longest)].map((byte) => reader.push(Uint8Array.of(byte)));
    expect(received.findIndex((head) => head !== undefined)).toBe(MAX_HEAD_LENGTH - 1);
  });

  it('refuses 16 KiB and a byte, and goes on refusing', () => {
    const tooLong = longest.replace('X: ', 'X: x');
    expect(codeOf(() => new HeadReader().push(encodeLatin1(tooLong)))).toBe('WSIMD_HEAD_TOO_LARGE');
    const reader = new HeadReader();
    const bytes = encodeLatin1(tooLong);
    for (let i = 0; i < MAX_HEAD_LENGTH - 1; i++) reader.push(bytes.subarray(i, i + 1));
    for (let i = MAX_HEAD_LENGTH - 1; i < bytes.length; i++) {
      expect(codeOf(() => reader.push(bytes.subarray(i, i + 1)))).toBe('WSIMD_HEAD_TOO_LARGE');
    }
  });

  it('refuses an endless line as soon as it has 16 KiB of it', () => {
    const reader = new HeadReader();
    reader.push(new Uint8Array(MAX_HEAD_LENGTH - 1).fill(0x41));
    expect(codeOf(() => reader.push(new Uint8Array(2 ** 20).fill(0x41)))).toBe('WSIMD_HEAD_TOO_LARGE');
  });

  it.each(['x', '\n', '\r', 'a\r\n'])('does linear work on 16 KiB of %j, byte by byte', (unit) => {
    let copied = 0;
    let searched = 0;
    const { set, indexOf } = Uint8Array.prototype;
    vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (this: Uint8Array, source, offset) {
      copied += source.length;
      return set.call(this, source, offset);
    });
    vi.spyOn(Uint8Array.prototype, 'indexOf').mockImplementation(function (this: Uint8Array, byte, from = 0) {
      const found = indexOf.call(this, byte, from);
      searched += (found === -1 ? this.length : found + 1) - from;
      return found;
    });
    const bytes = encodeLatin1(`x${unit.repeat(MAX_HEAD_LENGTH / unit.length)}`.slice(0, MAX_HEAD_LENGTH - 1));
    const reader = new HeadReader();
    let heads = 0;
    for (let i = 0; i < bytes.length; i++) if (reader.push(bytes.subarray(i, i + 1)) !== undefined) heads++;
    expect(copied).toBeLessThanOrEqual(3 * bytes.length);
    expect(copied).toBeGreaterThanOrEqual(bytes.length);
    expect(searched).toBe(bytes.length);
    expect(heads).toBe(unit === '\n' ? Math.floor((bytes.length - 1) / 2) : 0);
  });
});

describe('parseRequestHead', () => {
  const parse = (head: string) => parseRequestHead(encodeLatin1(head));

  it('reads method, target, version and headers', () => {
    const head = parse('GET /chat?a=b%20c HTTP/1.1\r\nHost: example.com:8080\r\nX-A: 1\r\nx-a:\t 2 \r\nEmpty:\r\n\r\n');
    expect(head).toMatchObject({ method: 'GET', target: '/chat?a=b%20c', version: '1.1' });
    expect([...head.headers]).toEqual([
      ['host', 'example.com:8080'],
      ['x-a', '1'],
      ['x-a', '2'],
      ['empty', ''],
    ]);
  });

  it('reads other methods, targets and versions, which it does not judge', () => {
    expect(parse('PRI * HTTP/2.0\r\n\r\n')).toMatchObject({ method: 'PRI', target: '*', version: '2.0' });
    expect(parse('M-SEARCH ws://a/b HTTP/1.0\r\n\r\n')).toMatchObject({ method: 'M-SEARCH', target: 'ws://a/b' });
    expect(parse('GET /\xfc HTTP/1.1\r\n\r\n').target).toBe('/ü');
  });

  it('keeps every byte of a value, as latin1', () => {
    const value = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code))
      .filter((char) => char >= '!' && char !== '\x7f')
      .join('');
    expect(parse(`GET / HTTP/1.1\r\nX: ${value}\r\n\r\n`).headers.get('x')).toBe(value);
  });

  it('skips one empty line before the head', () => {
    expect(parse(`\r\n${HEAD}`).target).toBe('/chat');
  });

  it.each([
    ['', 'nothing'],
    ['\r\n', 'an empty line'],
    ['\r\n\r\n', 'two empty lines'],
    [`\r\n\r\n${HEAD}`, 'two empty lines before the head'],
    [`\n${HEAD}`, 'a bare LF before the head'],
    ['GET / HTTP/1.1', 'no end'],
    ['GET / HTTP/1.1\r\n', 'no empty line'],
    ['GET / HTTP/1.1\n\n', 'bare LFs'],
    ['GET / HTTP/1.1\r\r\n\r\n', 'a bare CR in the first line'],
    ['GET /\r HTTP/1.1\r\n\r\n', 'a bare CR in the target'],
    ['GET /\0 HTTP/1.1\r\n\r\n', 'NUL in the target'],
    ['GET /\t HTTP/1.1 x\r\n\r\n', 'four words'],
    ['GET  / HTTP/1.1\r\n\r\n', 'two spaces'],
    [' GET / HTTP/1.1\r\n\r\n', 'a space in front'],
    ['GET / HTTP/1.1 \r\n\r\n', 'a space behind'],
    ['GET\t/\tHTTP/1.1\r\n\r\n', 'tabs'],
    ['GET / /x HTTP/1.1\r\n\r\n', 'a space in the target'],
    ['GET HTTP/1.1\r\n\r\n', 'no target'],
    ['GET /\r\n\r\n', 'HTTP/0.9'],
    ['G@T / HTTP/1.1\r\n\r\n', 'a method that is no token'],
    ['GET / HTTP/1.10\r\n\r\n', 'a version of three digits'],
    ['GET / HTTP/11\r\n\r\n', 'a version without a dot'],
    ['GET / http/1.1\r\n\r\n', 'lower case'],
    ['GET / HTTPS/1.1\r\n\r\n', 'another protocol'],
    ['GET / HTTP/1.1\r\nHost a\r\n\r\n', 'no colon'],
    ['GET / HTTP/1.1\r\n: a\r\n\r\n', 'no name'],
    ['GET / HTTP/1.1\r\nHost : a\r\n\r\n', 'white space before the colon'],
    ['GET / HTTP/1.1\r\nHost\t: a\r\n\r\n', 'a tab before the colon'],
    ['GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n', 'a folded line'],
    ['GET / HTTP/1.1\r\nHost: a\r\n\tb: c\r\n\r\n', 'a folded line with a colon'],
    ['GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'white space before the first name'],
    ['GET / HTTP/1.1\r\nH\xf6st: a\r\n\r\n', 'a name beyond ASCII'],
    ['GET / HTTP/1.1\r\nHo(st): a\r\n\r\n', 'a name with separators'],
    ['GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n', 'NUL'],
    ['GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n', 'a bare CR'],
    ['GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 'a bare LF'],
    ['GET / HTTP/1.1\r\nHost: a\r\r\n\r\n', 'a CR before the end of the line'],
    ['GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n', 'DEL'],
    ['GET / HTTP/1.1\r\nHost: a\x1b[0m\r\n\r\n', 'an escape'],
    ['GET / HTTP/1.1\r\n\r\nHost: a\r\n\r\n', 'an empty line inside'],
    ['\x16\x03\x01\x02\x00\x01\r\n\r\n', 'TLS'],
  ])('refuses %j (%s)', (head) => {
    expect(codeOf(() => parse(head))).toBe('WSIMD_BAD_REQUEST');
  });

  it('takes 100 headers, and not 101', () => {
    const head = (count: number) => `GET / HTTP/1.1\r\n${'a:\r\n'.repeat(count)}\r\n`;
    expect(MAX_HEADER_COUNT).toBe(100);
    expect([...parse(head(100)).headers]).toHaveLength(100);
    expect(codeOf(() => parse(head(101)))).toBe('WSIMD_HEAD_TOO_LARGE');
    expect(codeOf(() => parse(head(4000)))).toBe('WSIMD_HEAD_TOO_LARGE');
  });

  it('takes 16 KiB, and not a byte more', () => {
    const head = (length: number) => `GET / HTTP/1.1\r\nX: ${'x'.repeat(length - 23)}\r\n\r\n`;
    expect(parse(head(MAX_HEAD_LENGTH)).headers.get('x')).toHaveLength(MAX_HEAD_LENGTH - 23);
    expect(codeOf(() => parse(head(MAX_HEAD_LENGTH + 1)))).toBe('WSIMD_HEAD_TOO_LARGE');
  });

  it('throws nothing but ProtocolError', () => {
    const unit = fc.constantFrom('GET ', '/ ', 'HTTP/1.1', '\r\n', '\r', '\n', ': ', 'Host', ' ', '\t', '\0', 'é');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), fc.boolean(), (input, end) => {
        const code = codeOf(() => parse(end ? `${input}\r\n\r\n` : input));
        expect([undefined, 'WSIMD_BAD_REQUEST']).toContain(code);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(codeOf(() => parseRequestHead(bytes))).toBe('WSIMD_BAD_REQUEST');
        expect(codeOf(() => parseResponseHead(bytes))).toBe('WSIMD_BAD_RESPONSE');
      }),
    );
  });

  it('reads back what formatHead wrote', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '1'), minLength: 1, maxLength: 6 });
    const value = fc.string({ unit: fc.constantFrom('x', ' ', '\t', ':', ',', 'ÿ', '"'), maxLength: 10 });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (fields) => {
        const { headers } = parse(formatHead('GET / HTTP/1.1', fields));
        expect([...headers]).toEqual(fields.map(([key, text]) => [key, text.replace(/^[ \t]+|[ \t]+$/g, '')]));
      }),
    );
  });

  // A quadratic reader would need 10^8 steps for each of these, a hundred times over.
  it.each([' ', ',', '\t', ':', '\r\n', 'a:\r\n', '\r', 'a '])('reads 16 KiB of %j in linear time', (unit) => {
    const filler = unit.repeat(Math.floor((MAX_HEAD_LENGTH - 100) / unit.length));
    const heads = [`GET ${filler} HTTP/1.1\r\n\r\n`, `GET / HTTP/1.1\r\nX: ${filler}\r\n\r\n`, `${filler}\r\n\r\n`];
    const start = cpuTime();
    for (const head of heads) {
      for (let i = 0; i < 100; i++) {
        codeOf(() => parse(head));
        codeOf(() => parseResponseHead(encodeLatin1(head)));
      }
    }
    expect(cpuTime() - start).toBeLessThan(5000);
  });
});

describe('parseResponseHead', () => {
  const parse = (head: string) => parseResponseHead(encodeLatin1(head));

  it.each([
    ['HTTP/1.1 101 Switching Protocols', 101, 'Switching Protocols'],
    ['HTTP/1.1 101 WebSocket Protocol Handshake', 101, 'WebSocket Protocol Handshake'],
    ['HTTP/1.1 101 ', 101, ''],
    ['HTTP/1.1 101', 101, ''],
    ['HTTP/1.1 101  two  spaces ', 101, ' two  spaces '],
    ['HTTP/1.0 401 Nicht \xfcberall', 401, 'Nicht überall'],
    ['HTTP/1.1 999 \t', 999, '\t'],
  ])('reads %j', (line, status, reason) => {
    const version = line.slice(5, 8);
    expect(parse(`${line}\r\n\r\n`)).toMatchObject({ status, reason, version });
  });

  it('reads headers', () => {
    const head = parse('HTTP/1.1 101 x\r\nConnection:Upgrade\r\nAccess-Control-Allow-Origin: *\r\n\r\n');
    expect(head.headers.get('connection')).toBe('Upgrade');
    expect(head.headers.get('access-control-allow-origin')).toBe('*');
  });

  it.each([
    '',
    '\r\n\r\n',
    '\r\nHTTP/1.1 101 x\r\n\r\n',
    'HTTP/1.1\r\n\r\n',
    'HTTP/1.1 \r\n\r\n',
    'HTTP/1.1  101 x\r\n\r\n',
    'HTTP/1.1 099 x\r\n\r\n',
    'HTTP/1.1 1010 x\r\n\r\n',
    'HTTP/1.1 10 x\r\n\r\n',
    'HTTP/1.1 1x1 x\r\n\r\n',
    'http/1.1 101 x\r\n\r\n',
    'HTTP/1 101 x\r\n\r\n',
    'ICY 200 OK\r\n\r\n',
    'HTTP/1.1 101 x\0\r\n\r\n',
    'HTTP/1.1 101 x\ry\r\n\r\n',
    'HTTP/1.1 101 x\nA: b\r\n\r\n',
    'HTTP/1.1 101 x\r\nA : b\r\n\r\n',
    'HTTP/1.1 101 x\r\nA: b\r\n c\r\n\r\n',
    'SSH-2.0-OpenSSH\r\n\r\n',
  ])('refuses %j', (head) => {
    expect(codeOf(() => parse(head))).toBe('WSIMD_BAD_RESPONSE');
  });

  it('has the limits of a request', () => {
    expect(codeOf(() => parse(`HTTP/1.1 200 OK\r\n${'a:\r\n'.repeat(101)}\r\n`))).toBe('WSIMD_HEAD_TOO_LARGE');
    expect(codeOf(() => parse(`HTTP/1.1 200 ${'x'.repeat(MAX_HEAD_LENGTH)}\r\n\r\n`))).toBe('WSIMD_HEAD_TOO_LARGE');
  });
});

describe('formatHead', () => {
  it('writes lines and an empty one', () => {
    const fields = [
      ['Host', 'a'],
      ['X-Caf\x65', 'caf\xe9'],
    ] as const;
    expect(formatHead('GET / HTTP/1.1', fields)).toBe('GET / HTTP/1.1\r\nHost: a\r\nX-Cafe: caf\xe9\r\n\r\n');
    expect(formatFields([])).toBe('');
  });

  it.each([
    ['a\r\nb', 'X', 'y'],
    ['a', 'X\r\nY', 'y'],
    ['a', '', 'y'],
    ['a', 'X Y', 'y'],
    ['a', 'X:', 'y'],
    ['a', 'X', 'y\r\nZ: z'],
    ['a', 'X', 'y\n'],
    ['a', 'X', 'y\r'],
    ['a', 'X', 'y\0'],
    ['a', 'X', '€'],
  ])('throws at the line %j, the name %j, the value %j', (line, name, value) => {
    expect(() => formatHead(line, [[name, value]])).toThrow(TypeError);
    expect(() => formatHead(line, [[name, value]])).toThrow(expect.objectContaining({ code: 'WSIMD_INVALID_HEADER' }));
  });
});

describe('encodeLatin1 and decodeLatin1', () => {
  it('undo each other on every byte, and on more bytes than a call has arguments', () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i);
    expect(encodeLatin1(decodeLatin1(bytes))).toEqual(bytes);
    expect(decodeLatin1(bytes)).toBe(Buffer.from(bytes).toString('latin1'));
  });
});
