// What a terminal gets of text that a peer controls: every command, against a server, a client or a capture that puts escape
// sequences, C1 controls and bidi overrides wherever it can, on a terminal that `script` makes.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { printable, printableJson, printableLines, quoted } from '../../../src/cli/terminal.js';
import { Peer, stream } from '../../support/frames/wire.js';
import { captureOf, connectionOf } from '../../support/inputs/captures.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { ofType, toldIn } from '../../support/programs/inspected.js';
import { MAIN, runWsimdOn } from '../../support/servers/serve.js';
import { startAnswering } from '../../support/servers/tcp.js';

/** Renames the window, asks for the cursor's place (C1), deletes, turns the writing round, ends lines in other ways. */
const EVIL = '\x1b]0;owned\x07\x9b6n\x7f\u202eowned\u2066\u2028\u2029\x85\b\v\f\x00\r';
/** As much of it as a head may have: no C0 controls. Latin-1. */
const EVIL_IN_HEAD = '\x9d0;owned\x9c\x9b6n\x85';
/** What a head may not have. */
const EVIL_C0 = '\x1b]0;owned\x07';

/** What the program itself writes on a terminal: colours, the line that is written over, what readline does for its prompt. */
const ESC = '\x1b';
const OWN_SEQUENCES = new RegExp(
  String.raw`${ESC}\[(?:1|2|22|31|32|36|39)m|\r${ESC}\[K|${ESC}\[[0-9]*G|${ESC}\[0J`,
  'g',
);
const RAW = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

function expectNothingRaw(output: string): void {
  // The terminal's driver turns \n into \r\n.
  const text = output.replaceAll('\r\n', '\n').replace(OWN_SEQUENCES, '');
  const at = text.search(RAW);
  expect(at === -1 ? '' : JSON.stringify(text.slice(Math.max(at - 60, 0), at + 20))).toBe('');
}

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
const WSIMD = [process.execPath, MAIN].map(quote).join(' ');

/** Runs a line of the shell on a terminal, in colour. */
function startOnTerminal(line: string): { child: ChildProcess; output: () => string; closed: Promise<string> } {
  const { NO_COLOR: _, ...env } = process.env;
  const child = spawn('script', ['-qec', line, '/dev/null'], { env: { ...env, TERM: 'xterm' } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const output = () => Buffer.concat(chunks).toString();
  return { child, output, closed: once(child, 'close').then(output) };
}

/** A server that answers a request with these bytes, and then closes. */
function startServer(answer: (accept: string) => Uint8Array): Promise<string> {
  return startAnswering((socket, { accept }) => void socket.end(answer(accept)));
}

interface Answer {
  readonly status?: string;
  readonly upgrade?: string;
  readonly connection?: string;
  readonly accept?: string;
  readonly more?: string;
}

function responseOf(right: string, { status, upgrade, connection, accept = right, more = '' }: Answer): Buffer {
  return Buffer.from(
    `HTTP/1.1 ${status ?? '101 x'}\r\nUpgrade: ${upgrade ?? 'websocket'}\r\nConnection: ${connection ?? 'Upgrade'}\r\n` +
      `Sec-WebSocket-Accept: ${accept}\r\n${more}\r\n`,
    'latin1',
  );
}

const server = new Peer('client');
const client = new Peer('server');
const evilBytes = Buffer.from(EVIL);
const evilFrames = stream(
  server.text(`${EVIL}\n< close 1000 ${EVIL}\tend`),
  server.ping(evilBytes),
  server.pong(evilBytes),
  server.binary(evilBytes),
  server.close(4000, EVIL),
);

/** Answers to a handshake, each with the hostile text in another place, and whether the program has reason to show it. */
const EVIL_ANSWERS: readonly (readonly [string, Answer, boolean])[] = [
  ['the status text', { status: `403 ${EVIL_IN_HEAD}` }, false],
  ['the status text, as an escape sequence', { status: `403 ${EVIL_C0}` }, false],
  ['the status', { status: EVIL_IN_HEAD }, false],
  ['Upgrade', { upgrade: EVIL_IN_HEAD }, true],
  ['Connection', { connection: EVIL_IN_HEAD }, true],
  ['Sec-WebSocket-Accept', { accept: EVIL_IN_HEAD }, true],
  ['the subprotocol', { more: `Sec-WebSocket-Protocol: ${EVIL_IN_HEAD}\r\n` }, true],
  ['the extensions', { more: `Sec-WebSocket-Extensions: ${EVIL_IN_HEAD}\r\n` }, false],
  ['a quoted parameter', { more: `Sec-WebSocket-Extensions: a; b="${EVIL_IN_HEAD}"\r\n` }, false],
  ['the name of a header', { more: `${EVIL_IN_HEAD}: x\r\n` }, false],
  ['a header, as an escape sequence', { more: `X-Evil: ${EVIL_C0}\r\n` }, false],
];

const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' }).status === 0;

describeWith('script', hasScript, () => {
  it('sees a raw byte where there is one', () => {
    for (const char of EVIL.replace(/[ -~]/g, '')) expect(() => expectNothingRaw(`a${char}b`)).toThrow();
    expectNothingRaw('\x1b[36m<\x1b[39m \r\x1b[Ka\tb\r\n');
  });

  describe('connect', () => {
    it('lines from a pipe: escapes all that the server sends', async () => {
      const url = await startServer((accept) => Buffer.concat([responseOf(accept, {}), evilFrames]));
      const output = await startOnTerminal(`printf 'hello\\n' | ${WSIMD} connect ${url}`).closed;
      expectNothingRaw(output);
      expect(output).toContain('\\u{1b}]0;owned\\u{7}\\u{9b}6n\\u{7f}\\u{202e}owned');
      expect(output).toContain('close 4000');
      expect(output).toContain('\n  < close 1000 ');
    });

    it('lines that are typed: escapes all that the server sends', async () => {
      const url = await startServer((accept) => Buffer.concat([responseOf(accept, {}), evilFrames]));
      const output = await startOnTerminal(`${WSIMD} connect ${url}`).closed;
      expectNothingRaw(output);
      expect(output).toContain('\\u{1b}]0;owned\\u{7}\\u{9b}6n\\u{7f}\\u{202e}owned');
      expect(output).toContain('close 4000');
    });

    it.each(EVIL_ANSWERS)('a handshake with the text in %s', async (_, answer, isShown) => {
      const url = await startServer((accept) => responseOf(accept, answer));
      const output = await startOnTerminal(`${WSIMD} connect --subprotocol chat ${url} </dev/null`).closed;
      expectNothingRaw(output);
      if (isShown) expect(output).toContain('\\u{9d}0;owned');
    });

    it('an answer that is no HTTP', async () => {
      const url = await startServer(() => Buffer.from(`${EVIL}\r\n\r\n`));
      expectNothingRaw(await startOnTerminal(`${WSIMD} connect ${url} </dev/null`).closed);
    });

    it('a text goes into a pipe unchanged, as --help says', async () => {
      const url = await startServer((accept) => Buffer.concat([responseOf(accept, {}), evilFrames]));
      const { stdout, stderr } = await runWsimdOn('', 'connect', url);
      expect(stdout).toBe(`${EVIL}\n< close 1000 ${EVIL}\tend\n${evilBytes.toString('hex')}\n`);
      expectNothingRaw(stderr);
    });
  });

  describe('load', () => {
    it.each(['', '--json'])('messages and a close reason %s', async (options) => {
      const url = await startServer((accept) => Buffer.concat([responseOf(accept, {}), evilFrames]));
      const output = await startOnTerminal(`${WSIMD} load --duration 1 ${options} ${url}`).closed;
      expectNothingRaw(output);
      expect(output).toContain('a message that nobody asked for');
    });

    it.each(EVIL_ANSWERS)('a handshake with the text in %s', async (_, answer, isShown) => {
      const url = await startServer((accept) => responseOf(accept, answer));
      for (const [options, escaped] of [
        ['', '\\u{9d}0;owned'],
        ['--json', '\\u009d0;owned'],
      ]) {
        const line = `${WSIMD} load --duration 1 --subprotocol chat ${options} ${url}`;
        const output = await startOnTerminal(line).closed;
        expectNothingRaw(output);
        if (isShown) expect(output).toContain(escaped);
      }
    });
  });

  describe('inspect', () => {
    const request = Buffer.from(
      `GET /${EVIL_IN_HEAD} HTTP/1.1\r\nHost: ${EVIL_IN_HEAD}\r\nOrigin: ${EVIL_IN_HEAD}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Protocol: ${EVIL_IN_HEAD}\r\nSec-WebSocket-Extensions: ${EVIL_IN_HEAD}\r\nX: ${EVIL_IN_HEAD}\r\n\r\n`,
      'latin1',
    );
    const response = responseOf('dGhlIHNhbXBsZSBub25jZQ==', {
      status: `101 ${EVIL_IN_HEAD}`,
      more: `Sec-WebSocket-Protocol: ${EVIL_IN_HEAD}\r\nServer: ${EVIL_IN_HEAD}\r\n`,
    });
    const parts = stream(server.text(EVIL, { fin: false }), server.continuation(EVIL));
    const capture = captureOf(
      connectionOf([
        ['client', request],
        ['server', response],
        ['client', stream(client.text(EVIL), client.binary(evilBytes), client.ping(evilBytes))],
        ['server', parts],
        ['server', stream(server.pong(evilBytes), server.close(4000, EVIL))],
      ]),
    );
    const strange = captureOf(
      connectionOf([
        ['client', Buffer.from(`GET / HTTP/1.1\r\nX: ${EVIL_C0}\r\n\r\n`)],
        ['server', Buffer.from(`HTTP/1.1 ${EVIL}\r\n\r\n`)],
      ]),
    );
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'wsimd-escapes-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it.each([
      ['a capture', capture, true],
      ['a capture of heads that are none', strange, false],
      ['a direction', Buffer.concat([request, stream(client.text(EVIL), client.close(4000, EVIL))]), true],
      ['bytes that are nothing', evilBytes, false],
    ])('%s, as text and as JSON', async (_, bytes, isShown) => {
      const file = join(folder, 'input');
      writeFileSync(file, bytes);
      for (const [options, escaped] of [
        ['', '\\u{9d}0;owned'],
        ['--json', '\\u009d0;owned'],
        ['--payload 4', ''],
      ]) {
        const output = await startOnTerminal(`${WSIMD} inspect ${options} ${quote(file)}`).closed;
        expectNothingRaw(output);
        if (isShown) expect(output).toContain(escaped);
      }
    });

    it('JSON says the same text as before it was escaped', async () => {
      const { stdout } = await runWsimdOn(capture, 'inspect', '--json', '-');
      expectNothingRaw(stdout);
      const told = toldIn(stdout);
      expect(ofType(told, 'message').map(({ payload }) => payload)).toMatchObject([
        { text: EVIL },
        { hex: evilBytes.toString('hex') },
        { text: `${EVIL}${EVIL}` },
      ]);
      expect(ofType(told, 'request')[0]).toMatchObject({ startLine: `GET /${EVIL_IN_HEAD} HTTP/1.1` });
    });

    it('a file name in an error message', async () => {
      const output = await startOnTerminal(`${WSIMD} inspect ${quote(`${folder}/\x1b[2J\u202e`)}`).closed;
      expectNothingRaw(output);
      expect(output).toContain('\\u{1b}[2J\\u{202e}');
    });
  });

  it('serve', async () => {
    const { child, output, closed } = startOnTerminal(`${WSIMD} serve --port 0`);
    await expect.poll(output, { timeout: 20_000 }).toMatch(/echo +\S+\r\n/);
    const port = Number(/page +http:\/\/[^:]+:([0-9]+)/.exec(output())![1]);
    const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n';
    for (const head of [
      `GET /${EVIL_IN_HEAD} HTTP/1.1\r\nHost: ${EVIL_IN_HEAD}\r\n`,
      `GET /echo HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: ${EVIL_IN_HEAD}\r\n${upgrade}`,
      `GET /echo?tap=${EVIL_IN_HEAD} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${upgrade}Sec-WebSocket-Key: ${EVIL_IN_HEAD}\r\n`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: ${EVIL_C0}\r\n`,
      `${EVIL_C0} / HTTP/1.1\r\n`,
    ]) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.end(Buffer.from(`${head}\r\n`, 'latin1'));
      socket.resume();
      await once(socket, 'close');
    }
    child.stdin!.write('\x03');
    expectNothingRaw((await closed).replace('^C', ''));
  });
});

describe('the escaping', () => {
  const characters = Array.from({ length: 0x11_0000 }, (_, code) => String.fromCodePoint(code)).join('');

  it('leaves none of the characters that a terminal acts on, of all that Unicode has', () => {
    for (const text of [printable(characters), quoted(characters), printableJson({ text: characters })]) {
      expect(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)).toBe(false);
    }
    expect(printableLines(characters, '  ').replace(/[\n\t]/g, '')).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}/u);
  });

  it('changes nothing that people read', () => {
    const text = 'Grüße, 日本語 "🦊" \\ العربية';
    expect(printable(text)).toBe(text);
    expect(JSON.parse(printableJson(text))).toBe(text);
  });

  it('is undone by a parser of JSON', () => {
    const value = { [EVIL]: [EVIL, '\u{e0001}\ud800', characters] };
    expect(JSON.parse(printableJson(value))).toEqual(value);
  });
});
