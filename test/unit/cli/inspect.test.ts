// `wsimd inspect`, started as a program, on bytes of one direction; and its command line.

import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Peer, stream } from '../../support/frames/wire.js';
import { inspectJson, ofType, REQUEST } from '../../support/programs/inspected.js';
import { runWsimd, runWsimdOn } from '../../support/servers/serve.js';

const HELLO = '818537fa213d7f9f4d5158';
const TITLE = '    offset  opcode        FIN RSV mask         length  payload\n';
const server = new Peer('client');

describe('bytes of one direction', () => {
  const line = `${TITLE}→         0  text          FIN --- 37fa213d         5  "Hello"\n`;
  it.each([
    ['hex', HELLO],
    ['hex as pasted', '81 85 37 fa 21 3d\n0x7f, 0x9f 4d \\x51\\x58\n'],
    ['Base64', Buffer.from(HELLO, 'hex').toString('base64')],
  ])('reads %s', async (_, input) => {
    expect(await runWsimdOn(input, 'inspect', '-')).toEqual({ code: 0, stdout: line, stderr: '' });
  });

  it('reads raw bytes, and says that it took them as such unless it was told to', async () => {
    const raw = Buffer.from(HELLO, 'hex');
    expect(await runWsimdOn(raw, 'inspect', '-')).toEqual({
      ...{ code: 0, stdout: line },
      stderr: 'wsimd: neither a capture nor hex nor Base64: taken as raw bytes (see --format)\n',
    });
    expect(await runWsimdOn(raw, 'inspect', '--format', 'raw', '-')).toEqual({ code: 0, stdout: line, stderr: '' });
  });

  it('reads what it is told it is', async () => {
    // Also a text of Base64.
    expect((await runWsimdOn('abcd', 'inspect', '--format', 'hex', '-')).code).toBe(1);
    const { stdout } = await runWsimdOn('gQVIZWxsbw==', 'inspect', '--format', 'base64', '-');
    expect(stdout).toContain('"Hello"');
    expect((await runWsimdOn('81 zz', 'inspect', '--format', 'hex', '-')).stderr).toBe(
      'wsimd: not hex: “z” is not a hex digit (line 1, character 4).\n',
    );
    expect((await runWsimdOn('gQ*=', 'inspect', '--format', 'base64', '-')).stderr).toMatch(/^wsimd: not Base64: /);
  });

  it('joins fragments, and tells of a Close frame and what follows it', async () => {
    const { code, stdout } = await runWsimdOn(
      '01 03 48 65 6c 89 00 80 02 6c 6f 88 05 03 e8 62 79 65 00',
      'inspect',
      '-',
    );
    expect(code).toBe(0);
    expect(stdout).toBe(
      `${TITLE}←         0  text           -  --- -                3  "Hel"
←         5  ping          FIN --- -                0
←         7  continuation  FIN --- -                2  "lo"
←         0  = text of 2 frames                    5  "Hello"
←        11  close         FIN --- -                5  1000 (normal closure) "bye"
←            (1 byte ignored after the Close frame)
`,
    );
  });

  it.each([
    ['client', '81 05 48 65 6c 6c 6f', 'WSIMD_NOT_MASKED', 1, 1002],
    ['server', `81 01 41 ${HELLO}`, 'WSIMD_MASKED', 4, 1002],
    ['server', '81 01 41 81 7e 00 01 41', 'WSIMD_LENGTH_NOT_MINIMAL', 5, 1002],
    ['server', '81 03 41 c3 28', 'WSIMD_INVALID_UTF8', 4, 1007],
    ['server', 'a1 00', 'WSIMD_RESERVED_BITS', 0, 1002],
    ['server', '83 00', 'WSIMD_RESERVED_OPCODE', 0, 1002],
    ['server', '88 02 03 ed', 'WSIMD_CLOSE_CODE', 2, 1002],
    ['server', '82 ff 80 00 00 00 00 00 00 00 00 00 00 00', 'WSIMD_MASKED', 1, 1002],
  ])('says what a %s breaks: %s', async (from, hex, code, offset, closeCode) => {
    const inspected = await inspectJson(Buffer.from(hex), '--from', from);
    expect(inspected.code).toBe(1);
    expect(inspected.told.at(-1)).toMatchObject({ type: 'violation', from, code, offset, closeCode });
    expect(ofType(inspected.told, 'frame').at(-1)).toMatchObject({ isRefused: true });
    const text = await runWsimdOn(hex, 'inspect', '--from', from, '-');
    expect(text.code).toBe(1);
    expect(text.stdout).toContain(`BROKEN RULE  ${code}`);
    expect(text.stdout).toContain(`(byte ${offset} of the ${from}, close code ${closeCode})`);
  });

  it('reads a head first where there is one', async () => {
    const bytes = Buffer.concat([Buffer.from(REQUEST), Buffer.from(HELLO, 'hex')]);
    const { told } = await inspectJson(bytes);
    expect(told.map(({ type, offset }) => [type, offset])).toEqual([
      ['request', 0],
      ['note', undefined],
      ['frame', REQUEST.length],
      ['message', REQUEST.length],
    ]);
    const bad = await inspectJson(Buffer.from(REQUEST.replace('Version: 13', 'Version: 8')));
    expect(bad.code).toBe(1);
    expect(ofType(bad.told, 'violation')).toMatchObject([{ code: 'WSIMD_BAD_VERSION', offset: 0 }]);
  });

  it('says that the bytes end inside a frame, and ends with 1', async () => {
    const { code, stdout } = await runWsimdOn('81 05 48', 'inspect', '-');
    expect(stdout).toContain('"H…" (cut off)');
    expect(stdout).toContain('inside a payload, of which 4 are missing');
    expect(code).toBe(1);
  });

  describe('compressed messages', () => {
    // RFC 7692 sections 7.2.3.1 and 7.2.3.2.
    const hello = 'c1 07 f2 48 cd c9 c9 07 00';
    const again = 'c1 05 f2 00 11 00 00';
    const broken = 'c1 05 ff 00 11 00 00';

    it('are inflated, whatever was agreed on', async () => {
      const { code, told } = await inspectJson(Buffer.from(hello + again));
      expect(code).toBe(0);
      expect(ofType(told, 'message')).toMatchObject([
        { offset: 0, payloadLength: 7, inflatedLength: 5, payload: { text: 'Hello' } },
        { offset: 9, payloadLength: 5, inflatedLength: 5, payload: { text: 'Hello' } },
      ]);
    });

    it.each([
      ['that need those from before', again],
      ['that are broken', broken],
    ])('%s are told as they are, and those behind them again as what they held', async (_, first) => {
      const { code, told } = await inspectJson(Buffer.from(first + hello + again));
      expect(code).toBe(0);
      expect(ofType(told, 'note').map(({ text }) => text)).toEqual([
        'the compressed message from byte 0 on cannot be inflated: ' +
          'it needs messages from before, which are not there, or is broken',
      ]);
      expect(ofType(told, 'message')).toMatchObject([
        { inflatedLength: null, payload: { hex: first.slice(6).replaceAll(' ', '') } },
        { inflatedLength: 5, payload: { text: 'Hello' } },
        { inflatedLength: 5, payload: { text: 'Hello' } },
      ]);
    });

    it.each([
      ['permessage-deflate', again + hello, 'WSIMD_INVALID_DEFLATE', 0],
      ['permessage-deflate; server_no_context_takeover', hello + again, 'WSIMD_INVALID_DEFLATE', 9],
      ['permessage-deflate; client_no_context_takeover', hello + broken + hello, 'WSIMD_INVALID_DEFLATE', 9],
      // A stored block with a byte that begins no character.
      ['permessage-deflate', 'c1 07 00 01 00 fe ff ff 00', 'WSIMD_INVALID_UTF8', 0],
      ['', `81 00 ${hello}`, 'WSIMD_RESERVED_BITS', 2],
    ])('are judged by what is said to be agreed on: %j', async (extensions, hex, code, offset) => {
      const inspected = await inspectJson(Buffer.from(hex), '--extensions', extensions, '--from', 'server');
      expect(inspected.code).toBe(1);
      expect(inspected.told.at(-1)).toMatchObject({ type: 'violation', from: 'server', code, offset });
      expect(ofType(inspected.told, 'frame').at(-1)).toMatchObject({ isRefused: true });
    });

    it('of an extension that is not known are told as they are', async () => {
      const { code, told } = await inspectJson(Buffer.from(hello), '--extensions', 'x-webkit-deflate-frame');
      expect(code).toBe(0);
      expect(ofType(told, 'message')).toMatchObject([{ isCompressed: true, inflatedLength: null }]);
    });
  });

  it('lets nothing reach the terminal that moves the cursor', async () => {
    const { stdout } = await runWsimdOn(
      Buffer.from(stream(server.text('a\x1b[2J\u009b\u202e\u2028"\n'))),
      'inspect',
      '-',
    );
    expect(stdout).toContain(String.raw`"a\u{1b}[2J\u{9b}\u{202e}\u{2028}\"\n"`);
  });
});

describe('the command line', () => {
  it.each([
    [[], 'inspect takes one file, or "-"'],
    [['a', 'b'], 'inspect takes one file, or "-"'],
    [['--format', 'xml', '-'], '--format is one of capture, follow, hex, base64, raw, not "xml"'],
    [['--from', 'me', '-'], '--from is one of client, server, not "me"'],
    [['--payload', '-', '-'], `--payload is a whole number from 0 to 16777216, not "-"`],
    [['--extensions', 'a b', '-'], '--extensions is a list of extensions, not "a b"'],
    [
      ['--extensions', 'permessage-deflate; client_max_window_bits=16', '-'],
      '--extensions has parameters of permessage-deflate that RFC 7692 does not allow: ' +
        '"permessage-deflate; client_max_window_bits=16"',
    ],
  ])('%j is a usage error', async (args, message) => {
    expect(await runWsimd('inspect', ...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `wsimd: ${message}\nTry: wsimd inspect --help\n`,
    });
  });

  it('says in one line what cannot be read', async () => {
    const missing = await runWsimd('inspect', '/nowhere/at/all');
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^wsimd: \/nowhere\/at\/all: there is no such file\n$/);
    for (const options of [[], ['--format', 'capture'], ['--format', 'hex']]) {
      const folder = await runWsimd('inspect', ...options, tmpdir());
      expect(folder).toEqual({ code: 1, stdout: '', stderr: `wsimd: ${tmpdir()}: it is a folder, not a file\n` });
    }
    expect(await runWsimd('inspect', '-')).toMatchObject({ code: 1, stderr: 'wsimd: there are no bytes in it\n' });
  });

  it('--help tells its options', async () => {
    const { code, stdout } = await runWsimd('inspect', '--help');
    expect(code).toBe(0);
    for (const option of ['--format', '--from', '--extensions', '--payload', '--json'])
      expect(stdout).toContain(option);
  });
});
