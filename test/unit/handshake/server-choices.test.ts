// src/handshake/server.ts: targets in absolute form, and what is chosen of what a request offers: by Origin, subprotocol and extensions.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExtensionOffer } from '../../../src/handshake/extensions.js';
import { encodeLatin1, parseResponseHead } from '../../../src/handshake/head.js';
import { type CheckRequestOptions, checkRequest, writeResponse } from '../../../src/handshake/server.js';
import { accepted, DEFLATE, rejected, request, verdictOf } from './requests.js';

describe('request targets in absolute form', () => {
  it.each([
    ['ws://example.com/chat', 'example.com', '/chat'],
    ['WS://Example.COM/Chat?a=b', 'example.com', '/Chat?a=b'],
    ['http://example.com', 'example.com', '/'],
    ['http://example.com?a', 'example.com', '/?a'],
    ['ws://example.com:80/a', 'example.com', '/a'],
    ['wss://example.com/a', 'example.com:443', '/a'],
    ['https://example.com:8443/a', 'example.com:8443', '/a'],
    ['ws://[::1]:8080/a', '[::1]:8080', '/a'],
  ])('%s at the Host %s has the path %s', (target, Host, path) => {
    expect(accepted(request({ Host }, { target }))).toMatchObject({ host: Host, path });
  });

  it.each([
    ['ws://example.com/chat', 'evil.com'],
    ['ws://example.com/chat', 'example.com:8080'],
    ['wss://example.com/chat', 'example.com:80'],
    ['ws://example.com/chat', undefined],
    ['ws://example.com/chat', ['example.com', 'example.com']],
  ])('%s is refused at the Host %j', (target, Host) => {
    expect(verdictOf(request({ Host }, { target }))).toEqual([400, 'WSIMD_BAD_HOST']);
  });

  it('leave a path alone that looks like one', () => {
    expect(accepted(request({}, { target: '//evil.com/a?b#c' })).path).toBe('//evil.com/a?b#c');
  });
});

describe('the Origin', () => {
  it('is the same by default, where it is present', () => {
    expect(accepted(request({ Origin: 'https://example.com' })).origin).toBe('https://example.com');
    for (const Origin of ['https://evil.com', 'null', '', ['https://example.com', 'https://example.com']]) {
      expect(verdictOf(request({ Origin }))).toEqual([403, 'WSIMD_BAD_ORIGIN']);
    }
  });

  it('is judged by the policy', () => {
    const asked = request({ Origin: 'https://a.com' });
    expect(checkRequest(asked, { origin: 'any' }).ok).toBe(true);
    expect(checkRequest(asked, { origin: ['https://a.com'] }).ok).toBe(true);
    expect(checkRequest(asked, { origin: (origin, head) => origin === 'https://a.com' && head === asked }).ok).toBe(
      true,
    );
    expect(verdictOf(asked, { origin: ['https://b.com'] })).toEqual([403, 'WSIMD_BAD_ORIGIN']);
    expect(verdictOf(asked, { origin: () => false })).toEqual([403, 'WSIMD_BAD_ORIGIN']);
  });

  it('can be required', () => {
    expect(verdictOf(request(), { requireOrigin: true })).toEqual([403, 'WSIMD_BAD_ORIGIN']);
    expect(rejected(request(), { requireOrigin: true }).error.message).toMatch(/there is none$/);
    expect(checkRequest(request({ Origin: 'https://example.com' }), { requireOrigin: true }).ok).toBe(true);
  });

  it('depends on TLS only for the default port', () => {
    const asked = request({ Origin: 'http://example.com' });
    expect(checkRequest(asked, { secure: false }).ok).toBe(true);
    expect(verdictOf(asked, { secure: true })).toEqual([403, 'WSIMD_BAD_ORIGIN']);
  });

  it('is judged before any subprotocol or extension is chosen', () => {
    const never = () => expect.unreachable();
    const asked = request({ Origin: 'null', 'Sec-WebSocket-Protocol': 'a', 'Sec-WebSocket-Extensions': 'a' });
    expect(verdictOf(asked, { protocols: never, extensions: never })).toEqual([403, 'WSIMD_BAD_ORIGIN']);
  });
});

describe('the subprotocol', () => {
  const asked = request({ 'Sec-WebSocket-Protocol': ['chat, superchat', ' Chat'] });

  it.each<[CheckRequestOptions['protocols'], string | undefined]>([
    [undefined, undefined],
    [[], undefined],
    [['superchat'], 'superchat'],
    [['superchat', 'chat'], 'chat'],
    [['CHAT', 'Chat'], 'Chat'],
    [['other'], undefined],
    [() => 'superchat', 'superchat'],
    [(offered) => offered.at(-1), 'Chat'],
    [() => false, undefined],
    [() => undefined, undefined],
    [() => 'other', undefined],
    [() => '', undefined],
    [(_, head) => (head === asked ? 'chat' : false), 'chat'],
  ])('chosen by %s is %j', (protocols, protocol) => {
    const verdict = accepted(asked, { protocols });
    expect(verdict.protocols).toEqual(['chat', 'superchat', 'Chat']);
    expect(verdict.protocol).toBe(protocol);
    const response = parseResponseHead(encodeLatin1(writeResponse(verdict)));
    expect(response.headers.getAll('sec-websocket-protocol')).toEqual(protocol === undefined ? [] : [protocol]);
  });

  it('is none where none is offered', () => {
    expect(accepted(request(), { protocols: ['chat'] }).protocol).toBeUndefined();
    expect(accepted(request(), { protocols: () => expect.unreachable() }).protocol).toBeUndefined();
  });

  it('is never one that was not offered', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.array(name), name, (offered, spoken, choice) => {
        const from = request({ 'Sec-WebSocket-Protocol': offered.join(',') });
        for (const protocols of [spoken, () => choice]) {
          const { protocol } = accepted(from, { protocols });
          if (protocol !== undefined) expect(offered).toContain(protocol);
        }
      }),
    );
  });
});

describe('extensions', () => {
  const asked = request({
    'Sec-WebSocket-Extensions': ['permessage-deflate; client_max_window_bits', 'foo; a="1", permessage-deflate'],
  });
  const offers: ExtensionOffer[] = [
    DEFLATE,
    { name: 'foo', parameters: [['a', '1']] },
    { name: 'permessage-deflate', parameters: [] },
  ];

  it('are handed out as they were offered, and none is accepted by default', () => {
    expect(accepted(asked)).toMatchObject({ offers, extensions: [] });
    expect(writeResponse(accepted(asked))).not.toMatch(/extensions/i);
  });

  it('are accepted by a function', () => {
    const answer: ExtensionOffer = { name: 'permessage-deflate', parameters: [['client_max_window_bits', '12']] };
    const verdict = accepted(asked, {
      extensions: (offered) => {
        expect(offered).toEqual(offers);
        return [answer];
      },
    });
    expect(verdict.extensions).toEqual([answer]);
    const { headers } = parseResponseHead(encodeLatin1(writeResponse(verdict)));
    expect(headers.get('sec-websocket-extensions')).toBe('permessage-deflate; client_max_window_bits=12');
  });

  it('are left out where they were not offered', () => {
    const extra: ExtensionOffer = { name: 'bar', parameters: [] };
    expect(accepted(asked, { extensions: () => [extra, DEFLATE] }).extensions).toEqual([DEFLATE]);
    expect(accepted(request(), { extensions: () => expect.unreachable() }).extensions).toEqual([]);
  });
});
