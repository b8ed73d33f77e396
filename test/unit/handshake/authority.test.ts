import { describe, expect, it } from 'vitest';
import { canonicalAuthority, defaultPortOf, parseWebUrl } from '../../../src/handshake/authority.js';
import { cpuTime } from '../../support/programs/cpu-time.js';

describe('canonicalAuthority', () => {
  it.each([
    ['example.com', 'example.com:80'],
    ['EXAMPLE.com:8080', 'example.com:8080'],
    ['example.com:', 'example.com:80'],
    ['example.com:080', 'example.com:80'],
    ['localhost:65535', 'localhost:65535'],
    ['127.0.0.1', '127.0.0.1:80'],
    ['[::1]:9001', '[::1]:9001'],
    ['[2001:DB8::1]', '[2001:db8::1]:80'],
    ['my_host', 'my_host:80'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example:80'],
    ["a-b.c~!$&'()*+;=", "a-b.c~!$&'()*+;=:80"],
    ['b%C3%BCcher.example', 'b%c3%bccher.example:80'],
  ])('reads %s', (text, canonical) => {
    expect(canonicalAuthority(text, 80)).toBe(canonical);
  });

  it.each([
    '',
    ':80',
    'a b',
    'a,b',
    'a/b',
    'user@a',
    'a:b',
    'a:80:80',
    'a:65536',
    'a:999999',
    '::1',
    '[::1',
    '[x]',
    'a?b',
    'a#b',
    'a\\b',
    'a\n',
    // What RFC 3986 section 3.2.2 has in no name; some of it would be something else in lower case.
    'b\xc3\xbccher.example',
    'a\xe9',
    '\u212a',
    '\u0131',
    'a%',
    'a%4',
    'a%zz',
    '{a}',
    'a|b',
    'a`b',
    'a^b',
    'a\x7f',
    'a\0',
  ])('refuses %j', (text) => {
    expect(canonicalAuthority(text, 80)).toBeUndefined();
  });

  it('reads 64 KiB in linear time', () => {
    const start = cpuTime();
    for (const unit of [' ', ':', '[', '0', ':0', '[:', 'a']) {
      canonicalAuthority(`${unit.repeat((64 * 1024) / unit.length)} `, 80);
      parseWebUrl(`ws://${unit.repeat((64 * 1024) / unit.length)} `);
    }
    expect(cpuTime() - start).toBeLessThan(1000);
  });
});

describe('parseWebUrl', () => {
  it.each([
    ['ws://a', { scheme: 'ws', authority: 'a:80', defaultPort: 80, rest: '' }],
    ['WSS://A/B?c', { scheme: 'wss', authority: 'a:443', defaultPort: 443, rest: '/B?c' }],
    ['http://a:443?x', { scheme: 'http', authority: 'a:443', defaultPort: 80, rest: '?x' }],
    ['https://[::1]:1/\n', { scheme: 'https', authority: '[::1]:1', defaultPort: 443, rest: '/\n' }],
  ])('takes %j apart', (text, url) => {
    expect(parseWebUrl(text)).toEqual(url);
  });

  it.each(['', '/', '*', 'a:80', 'ftp://a', 'ws:a', 'ws:/a', 'ws://', 'ws:///', 'ws://u@a/', 'xws://a', 'null'])(
    'refuses %j',
    (text) => {
      expect(parseWebUrl(text)).toBeUndefined();
    },
  );
});

describe('defaultPortOf', () => {
  it('is 443 over TLS and 80 without', () => {
    expect(defaultPortOf(true)).toBe(443);
    expect(defaultPortOf(false)).toBe(80);
  });
});
