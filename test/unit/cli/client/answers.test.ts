// What `wsimd connect` and `load` say of a server that answers with another status than 101 or not at all, and what they keep to
// themselves: passwords.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runWsimd } from '../../../support/servers/serve.js';
import { startAnswering } from '../../../support/servers/tcp.js';

const SEND = ['connect', '--send', 'hello'];

describe('passwords', () => {
  it.each([
    ['ws://me:secret@127.0.0.1:1/a', 'cannot connect to ws://me:…@127.0.0.1:1/a: connect ECONNREFUSED'],
    ['ws://127.0.0.1:1/a:b@c', 'cannot connect to ws://127.0.0.1:1/a:b@c: '],
    ['me:secret@localhost', 'not a URL of a WebSocket: "me:…@localhost"'],
    ['ws://me:secret@a b/', 'not a URL: "ws://me:…@a b/"'],
  ])('of %s are not in errors', async (url, text) => {
    const { stderr } = await runWsimd('connect', url);
    expect(stderr).toContain(`wsimd: ${text}`);
    expect(stderr).not.toContain('secret');
  });

  it('of --proxy are not either', async () => {
    const { stderr } = await runWsimd('connect', '--proxy', 'ftp://me:secret@a/', 'ws://localhost:1/');
    expect(stderr).toContain('not "ftp://me:…@a/"');
  });
});

describe('a server', () => {
  it('closes without an alert where TLS is spoken, as Node does', async () => {
    const secure = createTlsServer({});
    onTestFinished(() => void secure.close());
    await once(secure.listen(0, '127.0.0.1'), 'listening');
    const url = `ws://127.0.0.1:${(secure.address() as AddressInfo).port}/`;
    expect((await runWsimd(...SEND, url)).stderr).toContain('If it speaks TLS, try wss: instead of ws:\n');
  });

  const PLAIN = 'Content-Type: text/plain\r\n';
  const JSON_BODY = '{"error":"late"}';
  it.each([
    ['text', ` Unauthorized\r\n${PLAIN}Content-Length: 12\r\n\r\nno token\r\n:(`, ' (Unauthorized): "no token"'],
    ['text, not all of it', ` Unauthorized\r\n${PLAIN}Content-Length: 99\r\n\r\nno`, ' (Unauthorized): "no"'],
    ['long text', ` No\r\n${PLAIN}\r\n\n${'x'.repeat(5000)}`, ` (No): "${'x'.repeat(200)}…"`],
    ['text with escapes', ` No\r\n${PLAIN}\r\n\x1b[2J`, ' (No): "\\u{1b}[2J"'],
    [
      'chunks of JSON',
      ` No\r\nContent-Type: application/problem+json\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n${JSON_BODY}\r\n`,
      ` (No): "${JSON_BODY}"`,
    ],
    ['no text', ` No\r\n${PLAIN}Content-Length: 0\r\n\r\n`, ' (No)'],
    ['HTML', ' No\r\nContent-Type: text/html\r\n\r\n<!doctype html>', ' (No)'],
    ['compressed text', ` No\r\n${PLAIN}Content-Encoding: gzip\r\n\r\nxx`, ' (No)'],
    ['no reason', '\r\n\r\n', ''],
    ['a long reason', ` ${'x'.repeat(100)}\r\n\r\n`, ` (${'x'.repeat(60)}…)`],
  ])('answers with another status and %s', async (_, rest, text) => {
    // It stays open: the client waits for what may come, and not for long.
    const url = await startAnswering((socket) => void socket.write(`HTTP/1.1 401${rest}`, 'latin1'));
    const message = `the server answered with status 401${text}`;
    expect((await runWsimd(...SEND, url)).stderr).toBe(`wsimd: cannot connect to ${url}: ${message}\n`);
    expect((await runWsimd('load', url)).stdout).toContain(`error        1 × ${message}\n`);
  });
});
