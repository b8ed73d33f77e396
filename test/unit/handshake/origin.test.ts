import { describe, expect, it } from 'vitest';
import type { RequestHead } from '../../../src/handshake/head.js';
import { isOriginAccepted, type OriginOptions } from '../../../src/handshake/origin.js';

const REQUEST: RequestHead = { method: 'GET', target: '/', version: '1.1', headers: [] };

function accepts(origin: string | undefined, host: string, options: OriginOptions = {}): boolean {
  return isOriginAccepted(origin, host, REQUEST, options);
}

describe("'same-origin'", () => {
  it.each([
    ['http://example.com', 'example.com', undefined],
    ['https://example.com', 'example.com', undefined],
    ['http://example.com', 'example.com', false],
    ['https://example.com', 'example.com', true],
    ['https://example.com', 'example.com:443', undefined],
    ['https://example.com:443', 'example.com', true],
    ['http://example.com:80', 'EXAMPLE.com', false],
    ['HTTP://Example.COM', 'example.com', undefined],
    ['http://localhost:8080', 'localhost:8080', undefined],
    ['http://localhost:8080', 'localhost:8080', true],
    ['https://localhost:8443', 'localhost:8443', false],
    ['http://[::1]:8080', '[::1]:8080', undefined],
    ['ws://example.com', 'example.com', undefined],
  ])('accepts %s at the host %s (secure: %s)', (origin, host, secure) => {
    expect(accepts(origin, host, { secure })).toBe(true);
    expect(accepts(origin, host, { secure, origin: 'same-origin' })).toBe(true);
  });

  it.each([
    ['null', 'example.com', undefined],
    ['', 'example.com', undefined],
    ['https://evil.com', 'example.com', undefined],
    ['https://example.com.evil.com', 'example.com', undefined],
    ['https://example.co', 'example.com', undefined],
    ['https://sub.example.com', 'example.com', undefined],
    ['https://example.com:8443', 'example.com', undefined],
    ['http://localhost:8080', 'localhost', undefined],
    ['http://localhost', 'localhost:8080', undefined],
    ['http://example.com', 'example.com', true],
    ['https://example.com', 'example.com', false],
    ['https://example.com/', 'example.com', undefined],
    ['https://example.com@evil.com', 'example.com', undefined],
    ['https://evil.com, https://example.com', 'example.com', undefined],
    ['chrome-extension://example.com', 'example.com', undefined],
    ['file://', 'example.com', undefined],
    ['example.com', 'example.com', undefined],
  ])('refuses %j at the host %s (secure: %s)', (origin, host, secure) => {
    expect(accepts(origin, host, { secure })).toBe(false);
  });
});

describe("'any'", () => {
  it('accepts whatever comes', () => {
    for (const origin of ['null', '', 'https://evil.com', 'x']) {
      expect(accepts(origin, 'example.com', { origin: 'any' })).toBe(true);
    }
  });
});

describe('a list', () => {
  const origin = ['https://example.com', 'http://Localhost:8080/', 'chrome-extension://abc', 'file://', 'null'];

  it.each([
    'https://example.com',
    'https://example.com:443',
    'HTTPS://EXAMPLE.COM',
    'http://localhost:8080',
    'chrome-extension://abc',
    'file://',
    'null',
  ])('accepts %s', (text) => {
    expect(accepts(text, 'elsewhere', { origin })).toBe(true);
  });

  it.each([
    'http://example.com',
    'https://example.com:80',
    'http://localhost',
    'chrome-extension://ab',
    '',
    'nul',
    'a',
  ])('refuses %j, the host itself too', (text) => {
    expect(accepts(text, 'a', { origin })).toBe(false);
  });

  it('accepts nothing where it is empty', () => {
    expect(accepts('https://example.com', 'example.com', { origin: [] })).toBe(false);
  });
});

describe('a function', () => {
  const thenable = Object.fromEntries([['then', (resolve: (value: boolean) => void) => resolve(true)]]);

  it('is asked with the origin and the request', () => {
    const asked: unknown[] = [];
    const origin = (text: string, request: RequestHead) => {
      asked.push(text, request);
      return text.endsWith('.example.com');
    };
    expect(accepts('https://a.example.com', 'x', { origin })).toBe(true);
    expect(accepts('https://evil.com', 'x', { origin })).toBe(false);
    expect(asked).toEqual(['https://a.example.com', REQUEST, 'https://evil.com', REQUEST]);
  });

  it('that returns a promise accepts nothing, whatever it comes to', () => {
    for (const answer of [Promise.resolve(true), Promise.reject(new Error('unheard')), thenable]) {
      expect(accepts('https://a', 'a', { origin: (() => answer) as never })).toBe(false);
    }
  });

  it('accepts with anything else that is truthy', () => {
    for (const [answer, isAccepted] of [
      [1, true],
      ['yes', true],
      [{}, true],
      [0, false],
      [undefined, false],
    ]) {
      expect(accepts('https://a', 'a', { origin: (() => answer) as never })).toBe(isAccepted);
    }
  });
});

describe('a missing Origin', () => {
  it.each(['same-origin', 'any', ['https://a'], () => false] as const)('is accepted by %s', (origin) => {
    expect(accepts(undefined, 'example.com', { origin })).toBe(true);
    expect(accepts(undefined, 'example.com', { origin, requireOrigin: false })).toBe(true);
  });

  it.each(['same-origin', 'any', ['https://a'], () => true] as const)('can be refused with %s', (origin) => {
    expect(accepts(undefined, 'example.com', { origin, requireOrigin: true })).toBe(false);
  });
});
