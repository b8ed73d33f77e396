// Properties of the public functions of the handshake, whatever they are given.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acceptKey,
  checkRequest,
  checkResponse,
  createKey,
  createRequest,
  encodeLatin1,
  formatExtensions,
  fromRawHeaders,
  HeaderList,
  HeadReader,
  isValidKey,
  parseExtensions,
  parseRequestHead,
  parseResponseHead,
  rejectRequest,
  writeRejection,
  writeResponse,
} from '../../../src/handshake/index.js';
import { ProtocolError } from '../../../src/index.js';
import { cutAtRandom } from '../../support/frames/cuts.js';
import { concat } from '../../support/frames/wire.js';
import { createRandom } from '../../support/inputs/random.js';

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const distinct = fc.uniqueArray(token, { maxLength: 4 });
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const offer = fc.record({
  name: token,
  parameters: fc.array(fc.tuple(token, fc.oneof(token, fc.constant(true as const))), { maxLength: 3 }),
});
/** Header lines as a peer may send them: mostly such as the handshake looks at, mostly with nonsense in them. */
const names = ['Host', 'Upgrade', 'Connection', 'Origin', 'Content-Length', '__proto__'].concat(
  ['Key', 'Version', 'Protocol', 'Extensions', 'Accept'].map((name) => `Sec-WebSocket-${name}`),
);
const anyValue = fc.oneof(
  value,
  fc.constantFrom('websocket', 'Upgrade', '13', 'a, b', 'x; y=1', '', ',', '"'),
  fc.string(),
);
const anyHeaders = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names), token, fc.string()), anyValue), {
  maxLength: 12,
});

describe('keys', () => {
  it('are answered as RFC 6455 section 4.2.2 says, and valid where we made them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        const expected = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        expect(acceptKey(key)).toBe(expected);
        const made = createKey();
        expect(isValidKey(made) && Buffer.from(made, 'base64').length === 16).toBe(true);
      }),
    );
  });

  it('are valid where they are 16 bytes of Base64, and else not', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }).map((raw) => Buffer.from(raw).toString('base64')),
          fc.string(),
        ),
        (key) => {
          const raw = Buffer.from(key, 'base64');
          const isExact = raw.length === 16 && raw.toString('base64') === key;
          if (isExact) expect(isValidKey(key)).toBe(true);
          if (isValidKey(key)) expect([raw.length, key.length]).toEqual([16, 24]);
        },
      ),
    );
  });
});

describe('a handshake', () => {
  it('agrees over bytes cut anywhere, on what both want and on nothing else', () => {
    fc.assert(
      fc.property(
        distinct,
        distinct,
        fc.uniqueArray(offer, { selector: ({ name }) => name, maxLength: 3 }),
        fc.nat(),
        (...args) => {
          const [offered, spoken, extensions, seed] = args;
          const request = createRequest({ url: 'ws://example.com/chat?x=1', protocols: offered, extensions });
          const reader = new HeadReader();
          const chunks = cutAtRandom(
            concat(encodeLatin1(request.head), Uint8Array.of(1, 2, 3)),
            40,
            createRandom(seed),
          );
          let rest: Uint8Array[] = [];
          let head: Uint8Array | undefined;
          for (const chunk of chunks) {
            if (head !== undefined) rest.push(chunk);
            else {
              const received = reader.push(chunk);
              head = received?.head;
              if (received !== undefined) rest = [received.rest];
            }
          }
          expect(concat(...rest)).toEqual(Uint8Array.of(1, 2, 3));
          const accepted = checkRequest(parseRequestHead(head!), { protocols: spoken, extensions: (offers) => offers });
          if (!accepted.ok) throw accepted.error;
          expect(accepted.protocol).toBe(offered.find((protocol) => spoken.includes(protocol)));
          expect(accepted.extensions).toEqual(extensions);
          const response = checkResponse(parseResponseHead(encodeLatin1(writeResponse(accepted))), request);
          if (!response.ok) throw response.error;
          expect(response.protocol).toBe(accepted.protocol);
          expect(response.extensions).toEqual(extensions);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never throws at what a client sends; a refusal is a whole response', () => {
    fc.assert(
      fc.property(anyHeaders, fc.string(), fc.string(), (headers, method, target) => {
        const rawHeaders = fromRawHeaders(headers.flat());
        const get = { method: method.length % 2 ? method : 'GET', target, version: '1.1', headers: rawHeaders };
        const verdict = checkRequest(get);
        if (verdict.ok) return;
        const { status } = parseResponseHead(headOf(writeRejection(verdict)));
        expect([400, 403, 405, 426]).toContain(status);
        expect(status).toBe(verdict.status);
        expect(rejectRequest(verdict.error)).toMatchObject({ status, ok: false });
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws at what a server sends', () => {
    const request = createRequest({ url: 'wss://example.com/', protocols: ['a', 'b'] });
    fc.assert(
      fc.property(anyHeaders, fc.integer({ min: 100, max: 599 }), (headers, status) => {
        const response = { status, headers: fromRawHeaders(headers.flat()) };
        const verdict = checkResponse(response, request);
        if (status !== 101) expect(verdict.ok).toBe(false);
        if (!verdict.ok) expect(verdict.error).toBeInstanceOf(ProtocolError);
      }),
      { numRuns: 1000 },
    );
  });

  function headOf(response: string): Uint8Array {
    return encodeLatin1(response.slice(0, response.indexOf('\r\n\r\n') + 4));
  }
});

describe('heads', () => {
  it('of bytes of no meaning are read or refused with a ProtocolError', () => {
    const line = fc.oneof(fc.constantFrom('GET / HTTP/1.1', 'HTTP/1.1 101 x', 'a: b', ': ', ' a', 'a:\0'), fc.string());
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const head = encodeLatin1(`${lines.join('\r\n')}\r\n\r\n`);
        for (const parse of [parseRequestHead, parseResponseHead]) {
          try {
            expect(parse(head).headers).toBeInstanceOf(HeaderList);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('HeaderList keeps every line in its order, under its name in any case', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(token, value), { maxLength: 10 }), (lines) => {
        const list = HeaderList.from(lines);
        expect([...list]).toEqual(lines.map(([name, text]) => [name.toLowerCase(), text]));
        for (const [name] of lines) {
          const all = lines.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, text]) => text);
          expect(list.getAll(name.toUpperCase())).toEqual(all);
          expect(list.get(name)).toBe(all.join(', '));
        }
        expect([...fromRawHeaders(lines.flat())]).toEqual([...list]);
      }),
    );
  });
});

describe('extensions', () => {
  it('are read back as they were written, and read or refused whatever they are', () => {
    fc.assert(
      fc.property(fc.array(offer, { maxLength: 4 }), fc.string(), (offers, nonsense) => {
        expect(parseExtensions(formatExtensions(offers))).toEqual(offers);
        try {
          expect(Array.isArray(parseExtensions(nonsense))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'WSIMD_BAD_EXTENSIONS' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
