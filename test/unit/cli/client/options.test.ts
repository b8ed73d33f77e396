// The options with which all commands connect, and what is said where that fails: `wsimd connect` and `load` as programs.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect as connectTcp, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { type Exit, runWsimd } from '../../../support/servers/serve.js';
import { next } from '../../../support/servers/servers.js';
import { startAnswering, startTcp } from '../../../support/servers/tcp.js';
import { makeCertificate } from '../../../support/servers/tls.js';
import { echo, startWs } from '../../../support/servers/ws.js';

const SEND = ['connect', '--send', 'hello', '--send', '/close'];

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-client-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function writeIn(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await next(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** An echo over TLS. @param requests gets what clients ask */
async function startWss(options: object, requests: IncomingMessage[] = []): Promise<string> {
  const server = createHttpsServer(options);
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    requests.push(request);
    echo(socket);
  });
  return `wss://localhost:${await listen(server)}/`;
}

/** A self-signed certificate whose names are these. */
function makeNamed(folder: string, name: string, alternative: string): { key: string; cert: string } {
  const [key, cert] = [join(folder, 'named-key.pem'), join(folder, 'named-cert.pem')];
  const type = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${alternative}`];
  execFileSync('openssl', ['req', '-x509', ...type, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key, cert };
}

function expectEchoed(exit: Exit): void {
  expect(exit).toMatchObject({ code: 0, stdout: 'hello\n' });
}

describe('one message', () => {
  it('--send sends lines, shows what comes, and closes after --wait', async () => {
    const { url, server } = await startWs();
    const codes: number[] = [];
    server.on('connection', (socket) => socket.on('close', (closeCode) => codes.push(closeCode)));
    const start = performance.now();
    const exit = await runWsimd('connect', '--send', 'a', '--send', '/ping b', '--wait', '1500ms', url);
    expect(exit).toEqual({ code: 0, stdout: 'a\n', stderr: 'connected\n< pong "b"\n< close 1000 (normal closure)\n' });
    expect(performance.now() - start).toBeGreaterThan(1500);
    await expect.poll(() => codes).toEqual([1000]);
  });

  it('a mistake in it ends with 1', async () => {
    const { url } = await startWs();
    const { code, stderr } = await runWsimd('connect', '--send', '/nope', '--wait', '0', url);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no command /nope');
  });

  it.each(['', 'soon', '1h', '-1s', '999999999s'])('--wait %j is a usage error', async (wait) => {
    const { code, stderr } = await runWsimd('connect', `--wait=${wait}`, 'ws://localhost:1/');
    expect(code).toBe(2);
    expect(stderr).toContain(`--wait is a duration such as 250ms, 1.5s or 2m, not "${wait}"`);
  });
});

describe('headers from a file', () => {
  it('are sent, without comments and empty lines', async () => {
    const { url, server } = await startWs();
    const asked = next(server, 'connection') as Promise<[unknown, IncomingMessage]>;
    const file = writeIn(makeFolder(), 'headers', '# of a browser\r\nX-A: 1\r\n\nCookie: a=b; c=d\n');
    expectEchoed(await runWsimd(...SEND, '--header', `@${file}`, '--header', 'X-B: 2', url));
    const [, request] = await asked;
    expect(request.headers).toMatchObject({ 'x-a': '1', 'x-b': '2', cookie: 'a=b; c=d' });
  });

  it('name the line that is none, and a file that is none', async () => {
    const file = writeIn(makeFolder(), 'headers', 'X-A: 1\nnonsense\n');
    const wrong = await runWsimd(...SEND, '--header', `@${file}`, 'ws://localhost:1/');
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain(`${file}, line 2: a header is 'NAME: VALUE', not "nonsense"`);
    const missing = await runWsimd(...SEND, '--header', '@/nowhere', 'ws://localhost:1/');
    expect(missing).toMatchObject({ code: 1, stderr: 'wsimd: --header /nowhere: there is no such file\n' });
  });
});

describe('certificates', () => {
  it('a client certificate is shown to the server, with its key in the same file or in another', async () => {
    const folder = makeFolder();
    const [server, client] = [makeCertificate(), makeCertificate()];
    const ca = writeIn(folder, 'ca.pem', server.cert);
    const cert = writeIn(folder, 'cert.pem', client.cert);
    const key = writeIn(folder, 'key.pem', client.key);
    const both = writeIn(folder, 'both.pem', client.cert + client.key);
    const requests: IncomingMessage[] = [];
    const url = await startWss({ ...server, ca: client.cert, requestCert: true, rejectUnauthorized: false }, requests);
    expectEchoed(await runWsimd(...SEND, '--ca', ca, '--cert', cert, '--key', key, url));
    expectEchoed(await runWsimd(...SEND, '--ca', ca, '--cert', both, url));
    expectEchoed(await runWsimd(...SEND, '--ca', ca, url));
    expect(requests.map(({ socket }) => (socket as TLSSocket).authorized)).toEqual([true, true, false]);
  });

  it('a server that asks for one gets a client that knows what to try', async () => {
    const server = makeCertificate();
    const ca = writeIn(makeFolder(), 'ca.pem', server.cert);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const url = await startWss({
        ...server,
        ca: server.cert,
        requestCert: true,
        rejectUnauthorized: true,
        maxVersion,
      });
      const { code, stderr } = await runWsimd(...SEND, '--ca', ca, url);
      expect(code).toBe(1);
      expect(stderr).toMatch(/client certificate\? Name it with --cert|no HTTP response; is this a WebSocket server\?/);
    }
  });

  it('files that are no certificate and no key are refused before anything is connected', async () => {
    const folder = makeFolder();
    const { cert, key } = makeCertificate();
    const files = {
      cert: writeIn(folder, 'cert.pem', cert),
      key: writeIn(folder, 'key.pem', key),
      other: writeIn(folder, 'other.pem', makeCertificate().key),
      text: writeIn(folder, 'text', 'no certificate\n'),
      cut: writeIn(folder, 'cut.pem', cert.replace(/\n[^\n]{20}/, '\n')),
    };
    for (const [options, message] of [
      [['--ca', files.text], `--ca ${files.text}: there is no certificate in it (PEM or DER)`],
      [['--ca', files.cut], `--ca ${files.cut}: there is no certificate in it (PEM or DER)`],
      [['--ca', files.key], `--ca ${files.key}: there is no certificate in it (PEM or DER)`],
      [['--ca', folder], `--ca ${folder}: it is a folder, not a file`],
      [['--cert', files.text], `--cert ${files.text}: there is no certificate in it (PEM or DER)`],
      [['--cert', files.cert], 'a key in a file of its own is given with --key'],
      [['--cert', files.cert, '--key', files.other], `--key ${files.other}: no private key for the certificate`],
      [['--cert', files.cert, '--key', '/nowhere'], '--key /nowhere: there is no such file'],
    ] as const) {
      for (const command of [SEND, ['load']]) {
        const { code, stdout, stderr } = await runWsimd(...command, ...options, 'wss://localhost:1/');
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(stderr).toContain(message);
      }
    }
    expect(await runWsimd(...SEND, '--key', files.key, 'wss://localhost:1/')).toMatchObject({ code: 2 });
  });

  it('--ca takes DER, and PEM with text around it', async () => {
    const folder = makeFolder();
    const server = makeCertificate();
    const url = await startWss(server);
    const pem = writeIn(folder, 'ca.pem', `Subject: localhost\n${server.cert}\n# end\n`);
    const der = join(folder, 'ca.der');
    execFileSync('openssl', ['x509', '-in', pem, '-outform', 'DER', '-out', der]);
    for (const file of [pem, der]) expectEchoed(await runWsimd(...SEND, '--ca', file, url));
  });

  it('one that is not trusted hints at --ca and --insecure', async () => {
    const url = await startWss(makeCertificate());
    const connected = await runWsimd(...SEND, url);
    expect(connected.code).toBe(1);
    expect(connected.stderr).toMatch(/self-signed certificate \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. .*--ca.*--insecure/);
    expect((await runWsimd('load', url)).stdout).toMatch(/1 × DEPTH_ZERO_SELF_SIGNED_CERT: .*--ca.*--insecure/);
    expectEchoed(await runWsimd(...SEND, '--insecure', url));
  });

  it('names in one reach no terminal unescaped', async () => {
    const folder = makeFolder();
    const evil = '\x1b]0;owned\x07\x9b6n\x7f';
    const { key, cert } = makeNamed(folder, `a${evil}`, `b${evil}.example`);
    const port = await listen(createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }));
    for (const options of [[], ['--ca', cert]]) {
      for (const command of [SEND, ['load'], ['load', '--json']]) {
        const { code, stdout, stderr } = await runWsimd(...command, ...options, `wss://localhost:${port}/`);
        expect(code).toBe(1);
        expect(`${stdout}${stderr}`.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cf}/u);
        if (options.length > 0) expect(`${stdout}${stderr}`).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
      }
    }
  });
});

describe('what is no WebSocket server', () => {
  const NO_RESPONSE = 'no HTTP response; is this a WebSocket server?';

  it.each([
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', `${NO_RESPONSE} It sent "SSH-2.0-OpenSSH_9.2"`],
    ['SMTP, with escapes', '220 \x1b[2J\x9b6n\r\n', `${NO_RESPONSE} It sent "220 \\u{1b}[2J\\u{9b}6n"`],
    ['TLS', '\x15\x03\x01\x00\x02\x02\x0a', 'the server speaks TLS; try wss: instead of ws:'],
  ])('%s, which answers with something else', async (_, answer, message) => {
    const url = await startTcp((socket) => void socket.write(answer, 'latin1'));
    expect(await runWsimd(...SEND, url)).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `wsimd: cannot connect to ${url}: ${message}\n`,
    });
    expect((await runWsimd('load', url)).stdout).toContain(`error        1 × ${message}\n`);
  });

  it.each([
    [
      'before its response',
      '',
      `${NO_RESPONSE} It closed the connection without an answer. If it speaks TLS, try wss: instead of ws:`,
    ],
    ['inside its response', 'HTTP/1.1 101 ', 'the server closed the connection in the middle of its HTTP response'],
  ])('closes %s', async (_, answer, message) => {
    const url = await startAnswering((socket) => void socket.end(answer));
    expect((await runWsimd(...SEND, url)).stderr).toBe(`wsimd: cannot connect to ${url}: ${message}\n`);
  });

  it('resets the connection', async () => {
    const url = await startAnswering((socket) => void socket.resetAndDestroy());
    expect((await runWsimd(...SEND, url)).stderr).toContain(`ECONNRESET: ${NO_RESPONSE}`);
  });

  it('a port without TLS: wss: is told so', async () => {
    const { url } = await startWs();
    const { code, stderr } = await runWsimd(...SEND, url.replace('ws:', 'wss:'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/wrong version number.* Does the server speak TLS\? For a port without it use ws: instead/);
  });
});

describe('redirects', () => {
  async function startRedirect(location: (port: number) => string, requests: IncomingMessage[] = []): Promise<string> {
    const server = createHttpServer();
    server.on('upgrade', (request, socket) => {
      requests.push(request);
      const { port } = server.address() as AddressInfo;
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location(port)}\r\n\r\n`);
    });
    return `ws://127.0.0.1:${await listen(server)}/`;
  }

  it('are named, and followed with --location', async () => {
    const { url, server } = await startWs();
    const asked = next(server, 'connection') as Promise<[unknown, IncomingMessage]>;
    const from = await startRedirect(() => `${url.replace('ws:', 'http:')}there?a`);
    const named = await runWsimd(...SEND, from);
    expect(named.code).toBe(1);
    expect(named.stderr).toContain(`the server redirects (302) to "http://`);
    expect(named.stderr).toContain('--location follows');
    const headers = ['--header', 'Cookie: a=b', '--header', 'Authorization: x', '--header', 'X-A: 1'];
    expectEchoed(await runWsimd(...SEND, '--location', ...headers, from));
    const [, request] = await asked;
    expect(request.url).toBe('/there?a');
    expect(request.headers).toMatchObject({ 'x-a': '1' });
    // For the first host alone.
    expect(request.headers).not.toHaveProperty('cookie');
    expect(request.headers).not.toHaveProperty('authorization');
  });

  it('within a host keep its credentials, and end after ten', async () => {
    const requests: IncomingMessage[] = [];
    const from = await startRedirect((port) => `http://127.0.0.1:${port}/next`, requests);
    const { code, stderr } = await runWsimd(...SEND, '--location', '--header', 'Cookie: a=b', from);
    expect(code).toBe(1);
    expect(stderr).toContain('the server redirected more often than maxRedirects: 10');
    expect(requests).toHaveLength(11);
    expect(requests.every(({ headers }) => headers.cookie === 'a=b')).toBe(true);
  });

  it.each(['ftp://a/', 'ws+unix:/a:/', 'http://[/', '\x9b2J'])('to %j are an error', async (location) => {
    const { code, stderr } = await runWsimd(...SEND, '--location', await startRedirect(() => location));
    expect(code).toBe(1);
    expect(stderr.slice(0, -1)).not.toMatch(/\p{Cc}/u);
  });
});

describe('an HTTP proxy', () => {
  /** @param heads gets what clients ask it for */
  async function startProxy(heads: string[], answer = 'HTTP/1.1 200 OK\r\n\r\n'): Promise<string> {
    const url = await startAnswering((socket, { head }) => {
      heads.push(head);
      const [, host = '', port = ''] = /^CONNECT (.*):(\d+) /.exec(head) ?? [];
      const onward = connectTcp(Number(port), host === 'localhost' ? '127.0.0.1' : host, () => {
        socket.write(answer);
        socket.removeAllListeners('data');
        socket.pipe(onward).pipe(socket);
      });
      onward.on('error', () => socket.destroy());
    });
    return url.replace('ws:', 'http:');
  }

  it('carries ws: and wss:, and gets the credentials of its URL', async () => {
    const heads: string[] = [];
    const proxy = await startProxy(heads);
    const { url } = await startWs();
    expectEchoed(await runWsimd(...SEND, '--proxy', proxy.replace('//', '//me:s%20t@'), url));
    const certificate = makeCertificate();
    const ca = writeIn(makeFolder(), 'ca.pem', certificate.cert);
    const secure = await startWss(certificate);
    expectEchoed(await runWsimd(...SEND, '--proxy', proxy, '--ca', ca, secure));
    const authority = new URL(url).host;
    const credentials = Buffer.from('me:s t').toString('base64');
    expect(heads).toEqual([
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`,
      expect.stringMatching(/^CONNECT localhost:\d+ HTTP\/1\.1\r\n/),
    ]);
    const measured = await runWsimd('load', '--duration', '0.2', '--json', '--proxy', proxy, url);
    expect(JSON.parse(measured.stdout)).toMatchObject({ connections: { opened: 1 }, errors: {} });
  });

  it('one that cannot be reached, or speaks no TLS, is named', async () => {
    const url = await startTcp((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { host } = new URL(url);
    const plain = await runWsimd(...SEND, '--proxy', `https://${host}`, 'ws://localhost:1/');
    expect(plain.stderr).toMatch(
      new RegExp(`ws://localhost:1/: cannot connect to the proxy ${host}: .*use http: instead of https:\n$`),
    );
    const refused = await runWsimd(...SEND, '--proxy', 'http://127.0.0.1:9', 'ws://localhost:1/');
    expect(refused.stderr).toBe(
      'wsimd: cannot connect to ws://localhost:1/: cannot connect to the proxy 127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9\n',
    );
  });

  it('one that opens no tunnel is named with its answer', async () => {
    const url = await startAnswering((socket) => void socket.end('HTTP/1.1 407 Proxy \x9b Required\r\n\r\n', 'latin1'));
    const { code, stderr } = await runWsimd(...SEND, '--proxy', url.replace('ws:', 'http:'), 'ws://localhost:1/');
    expect(code).toBe(1);
    expect(stderr).toContain('the proxy does not open a tunnel: 407 Proxy \\u{9b} Required\n');
    const closing = await startAnswering((socket) => void socket.end());
    const closed = await runWsimd(...SEND, '--proxy', closing.replace('ws:', 'http:'), 'ws://localhost:1/');
    expect(closed.stderr).toContain('the proxy closed the connection');
  });

  it.each(['localhost:3128', 'socks5://a', ''])('--proxy %j is a usage error', async (proxy) => {
    const { code, stderr } = await runWsimd(...SEND, `--proxy=${proxy}`, 'ws://localhost:1/');
    expect(code).toBe(2);
    expect(stderr).toContain('--proxy is the URL of an HTTP proxy');
  });
});

describe('load', () => {
  it('prints why nothing could be opened, and no table of zeros', async () => {
    // Nothing listens on port 1.
    const refused = await runWsimd('load', '--connections', '2', 'ws://127.0.0.1:1/');
    expect(refused).toMatchObject({ code: 1, stderr: '' });
    expect(refused.stdout).toBe(
      'connections  0 of 2 opened\nmessages     none came back\n' +
        'error        2 × ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1\n',
    );
  });

  it('draws a histogram of the latencies whose shares are all of them', async () => {
    const { url } = await startWs();
    const { stdout } = await runWsimd('load', '--duration', '1.5', '--in-flight', '4', url);
    const rows = [...stdout.matchAll(/^ +≤ [\d.]+ ms +([\d.]+) %( █+)?$/gm)];
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.reduce((sum, [, share]) => sum + Number(share), 0)).toBeCloseTo(100, 0);
    expect(Math.max(...rows.map(([, , bar = '']) => bar.trim().length))).toBe(40);
    const { histogram, messages } = JSON.parse((await runWsimd('load', '--json', '--duration', '1.5', url)).stdout) as {
      histogram: { upTo: number; messages: number }[];
      messages: number;
    };
    expect(histogram.reduce((sum, bucket) => sum + bucket.messages, 0)).toBe(messages);
    for (let i = 1; i < histogram.length; i++) expect(histogram[i]!.upTo).toBe(2 * histogram[i - 1]!.upTo);
  });
});
