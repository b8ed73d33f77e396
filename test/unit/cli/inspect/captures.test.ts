// `wsimd inspect`, started as a program, on captures: those that the tests write, and those of tcpdump.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Peer, stream } from '../../../support/frames/wire.js';
import {
  type CaptureOptions,
  captureOf,
  captureOfIp,
  connectionOf,
  IPV6,
  ipPacket,
  LINKS,
} from '../../../support/inputs/captures.js';
import { describeWith } from '../../../support/programs/describe-with.js';
import { inspectJson, messagesOf, ofType, REQUEST, RESPONSE, toldIn } from '../../../support/programs/inspected.js';
import { canCapture, startCapturing } from '../../../support/programs/tcpdump.js';
import { MAIN, runWsimd, runWsimdOn } from '../../../support/servers/serve.js';

const client = new Peer('server');
const server = new Peer('client');

describe('captures', () => {
  const parts = [
    ['client', Buffer.from(REQUEST)],
    ['server', Buffer.from(RESPONSE)],
    ['client', stream(client.text('hello'), client.text('x'.repeat(5000)), client.ping('are you there'))],
    ['server', stream(server.pong('are you there'), server.text('one ', { fin: false }), server.continuation('two'))],
    ['client', stream(client.close(1000))],
    ['server', stream(server.close(1000))],
  ] as const;
  const packets = connectionOf(parts);
  const messages = ['→hello', `→${'x'.repeat(5000)}`, '←one two'];

  it.each(
    Object.keys(LINKS)
      .map((link): CaptureOptions => ({ link, format: 'pcapng' }))
      .concat([
        { link: 'ethernet', format: 'pcap' },
        { link: 'raw', format: 'pcap-nanoseconds' },
      ]),
  )('reads %j, IPv4 and IPv6', async ({ link, format }) => {
    for (const options of [{ littleEndian: true }, { littleEndian: false, addresses: IPV6 }]) {
      const { code, told, stderr } = await inspectJson(
        captureOf(packets, { link: link!, format: format!, ...options }),
        '--payload',
        '5000',
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(told[0]).toEqual({
        type: 'connection',
        connection: 1,
        time: '2023-11-14T22:13:20.003000000Z',
        client: options.addresses === undefined ? '10.0.0.1:50000' : '[2001:db8::1]:50000',
        server: options.addresses === undefined ? '10.0.0.2:80' : '[2001:db8::2]:80',
        isWhole: true,
      });
      expect(messagesOf(told)).toEqual(messages);
      expect(ofType(told, 'frame').length).toBe(8);
      expect(ofType(told, 'violation')).toEqual([]);
    }
  });

  it('prints a line each', async () => {
    const { stdout } = await runWsimdOn(captureOf(packets), 'inspect', '-');
    expect(stdout).toContain('#1  10.0.0.1:50000 → 10.0.0.2:80, 2023-11-14T22:13:20.003000000Z\n');
    expect(stdout).toContain('#1     0.000000 →         0  GET /chat HTTP/1.1  host: example.com\n');
    expect(stdout).toMatch(/^#1 +0\.\d{6} ← +\d+ {2}= text of 2 frames +7 {2}"one two"$/m);
    expect(stdout).toMatch(/ping +FIN --- 37fa213d +13 {2}"are you there"$/m);
  });

  it('puts segments in order that were reordered, repeated and overlap', async () => {
    const small = connectionOf(parts, { segmentLength: 50 });
    const swapped = small.flatMap((packet, i) => {
      if (i < 3) return [packet];
      const next = small[i + 1];
      return i % 2 === 1 && next !== undefined ? [next, packet, packet] : i % 2 === 1 ? [packet] : [];
    });
    const { code, told } = await inspectJson(captureOf(swapped), '--payload', '5000');
    expect(code).toBe(0);
    expect(messagesOf(told)).toEqual(messages);
  });

  it('keeps several connections apart, and ports that are used again', async () => {
    const other = connectionOf(
      [parts[0], parts[1], ['client', stream(client.text('second'))], ['server', stream(server.text('answer'))]],
      { clientStart: 1000 },
    );
    const again = connectionOf([parts[0], parts[1], ['client', stream(client.text('third'))]], { clientStart: 90_000 });
    const secondPort = { client: '10.0.0.1', server: '10.0.0.2', clientPort: 50_001, serverPort: 80 };
    const first = packets.map((packet) => ipPacket(packet));
    const second = other.map((packet) => ipPacket(packet, secondPort));
    const interleaved = first.flatMap((packet, i) => (second[i] === undefined ? [packet] : [packet, second[i]!]));
    const { told } = await inspectJson(captureOfIp([...interleaved, ...again.map((packet) => ipPacket(packet))]));
    expect(ofType(told, 'connection').map(({ client: address }) => address)).toEqual([
      '10.0.0.1:50000',
      '10.0.0.1:50001',
      '10.0.0.1:50000',
    ]);
    const bySecond = told.filter(({ connection }) => connection === 2);
    expect(messagesOf(bySecond)).toEqual(['→second', '←answer']);
    expect(messagesOf(told.filter(({ connection }) => connection === 3))).toEqual(['→third']);
  });

  it('says that it begins in the middle, and finds the frames', async () => {
    // Without the handshake, from the second segment of the long message on.
    const start = packets.findIndex(({ payload }) => payload?.length === 1460) + 1;
    const { code, told } = await inspectJson(captureOf(packets.slice(start)));
    expect(code).toBe(0);
    expect(told[0]).toMatchObject({ type: 'connection', isWhole: false, client: '10.0.0.1:50000' });
    expect(messagesOf(told)).toEqual(['←one two']);
    expect(ofType(told, 'frame').map(({ name }) => name)).toEqual(['pong', 'text', 'continuation', 'close', 'close']);
    expect(ofType(told, 'note')[0]!.text).toMatch(
      /^[\d,]+ bytes passed over: a frame begins at byte \d+, as it seems$/,
    );
  });

  it('goes on behind a hole', async () => {
    const segments = connectionOf(parts, { segmentLength: 500 });
    // Inside the long message: where it ends is known.
    const holed = segments.filter((_, i) => i !== segments.findIndex(({ payload }) => payload?.length === 500) + 4);
    const { code, told } = await inspectJson(captureOf(holed));
    expect(code).toBe(0);
    expect(messagesOf(told)).toEqual(['→hello', '←one two']);
    expect(ofType(told, 'note').map(({ text }) => text)).toEqual([
      expect.stringMatching(/^500 bytes from byte \d+ on are not in the capture$/),
    ]);
    expect(ofType(told, 'frame').map(({ name, isCut }) => [name, isCut])).toContainEqual(['ping', false]);
  });

  it('inflates what is compressed', async () => {
    const offer = 'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n';
    const heads = [
      ['client', Buffer.from(REQUEST.replace(/\r\n\r\n$/, `\r\n${offer}`))],
      ['server', Buffer.from(RESPONSE.replace(/\r\n\r\n$/, `\r\n${offer}`))],
    ] as const;
    // RFC 7692 sections 7.2.3.1 and 7.2.3.2.
    const hello = [
      'client',
      stream(client.text([0xf2, 0x48], { rsv: 4, fin: false }), client.continuation([0xcd, 0xc9, 0xc9, 7, 0])),
    ] as const;
    const again = ['client', stream(client.text([0xf2, 0, 0x11, 0, 0], { rsv: 4 }))] as const;
    const plain = ['server', stream(server.text('plain'))] as const;
    const capture = captureOf(connectionOf([...heads, hello, again, plain]));
    const { code, told } = await inspectJson(capture);
    expect(code).toBe(0);
    expect(ofType(told, 'frame')).toMatchObject([
      { isCompressed: true, payloadLength: 2, payload: { hex: 'f248' } },
      { isCompressed: true, payloadLength: 5, payload: { hex: 'cdc9c90700' } },
      { isCompressed: true, payloadLength: 5, payload: { hex: 'f200110000' } },
      { isCompressed: false },
    ]);
    expect(ofType(told, 'message')).toMatchObject([
      { from: 'client', isCompressed: true, payloadLength: 7, inflatedLength: 5, payload: { text: 'Hello' } },
      { from: 'client', isCompressed: true, payloadLength: 5, inflatedLength: 5, payload: { text: 'Hello' } },
      { from: 'server', isCompressed: false, payload: { text: 'plain' } },
    ]);
    expect(ofType(told, 'message').at(-1)).not.toHaveProperty('inflatedLength');
    const { stdout } = await runWsimdOn(capture, 'inspect', '-');
    expect(stdout).toMatch(/text + - {2}1-- 37fa213d +2 {2}deflate: f2 48$/m);
    expect(stdout).toMatch(/= text of 2 frames +7 {2}"Hello" \(inflated: 5 bytes\)$/m);
    expect(stdout).toMatch(/text +FIN 1-- 37fa213d +5 {2}"Hello" \(inflated: 5 bytes\)$/m);
    // The same without the negotiation breaks a rule.
    const uncalled = await inspectJson(captureOf(connectionOf([parts[0], parts[1], hello, plain])));
    expect(uncalled.code).toBe(1);
    expect(ofType(uncalled.told, 'violation')).toMatchObject([
      { code: 'WSIMD_RESERVED_BITS', from: 'client', offset: REQUEST.length },
    ]);
  });

  it('tells of connections that are no WebSocket', async () => {
    const http = connectionOf([
      ['client', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
      ['server', Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')],
    ]);
    const tls = connectionOf([['client', Buffer.from('16030100050100000100', 'hex')]]);
    const refused = connectionOf([parts[0], ['server', Buffer.from('HTTP/1.1 403 Forbidden\r\n\r\nno')]]);
    for (const [connection, words] of [
      [http, 'not a WebSocket: a request of HTTP without "Upgrade: websocket"'],
      [tls, 'not a WebSocket: TLS: what it carries is encrypted'],
      [refused, 'not a WebSocket: the server did not switch protocols'],
    ] as const) {
      const { code, told } = await inspectJson(captureOf(connection));
      expect(code).toBe(0);
      expect(ofType(told, 'note').map(({ text }) => text)).toEqual([words]);
      expect(ofType(told, 'frame')).toEqual([]);
    }
  });

  it('judges the handshake', async () => {
    const wrong = connectionOf([parts[0], ['server', Buffer.from(RESPONSE.replace('s3pPLM', 'AAAAAA'))], parts[4]]);
    const { code, told } = await inspectJson(captureOf(wrong));
    expect(code).toBe(1);
    expect(ofType(told, 'violation')).toMatchObject([{ code: 'WSIMD_RESPONSE_ACCEPT', from: 'server', offset: 0 }]);
  });

  it('tells what stands before the place where the file is damaged', async () => {
    const whole = captureOf(packets);
    const cut = await inspectJson(whole.subarray(0, whole.length - 30));
    expect(cut.code).toBe(1);
    expect(messagesOf(cut.told).length).toBe(3);
    expect(cut.stderr).toMatch(/^wsimd: the capture is cut off inside what begins at byte \d+ of the file\n$/);
    const claims = await inspectJson(Buffer.concat([whole.subarray(0, 24), Buffer.alloc(16, 0xff)]));
    expect(claims).toMatchObject({ code: 1, told: [] });
    expect(claims.stderr).toContain('damaged at byte 24');
  });

  it('says so where there is nothing to tell', async () => {
    const { code, stdout, stderr } = await runWsimdOn(captureOf([]), 'inspect', '-');
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'wsimd: no bytes of a TCP connection in 0 packets\n',
    });
    const udp = ipPacket(packets[0]!);
    udp[9] = 17;
    const fragment = ipPacket(packets[3]!);
    fragment[6] = 0x20;
    const told = await runWsimdOn(captureOfIp([udp, fragment]), 'inspect', '-');
    expect(told.stderr).toContain('wsimd: 1 packet not read: fragments of IP, which are not joined\n');
  });
});

describeWith('tcpdump', canCapture, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wsimd-capture-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['lo', '127.0.0.1', false],
    ['any', '::1', true],
  ])('on %s: a conversation of ws at %s, deflate: %s', async (device, host, perMessageDeflate) => {
    const echo = new WebSocketServer({ port: 0, host, perMessageDeflate });
    echo.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
    await once(echo, 'listening');
    const { port } = echo.address() as AddressInfo;
    const file = join(folder, `${device}.pcap`);
    const capturing = await startCapturing(file, port, '-i', device);
    const socket = new WebSocket(`ws://${host === '::1' ? '[::1]' : host}:${port}/a?b`, ['x', 'y'], {
      perMessageDeflate,
    });
    await once(socket, 'open');
    for (const data of ['hello', 'x'.repeat(3000), Buffer.alloc(200_000, 7)]) {
      socket.send(data);
      await once(socket, 'message');
    }
    socket.send('one ', { fin: false });
    socket.ping('between');
    socket.send('two', { fin: true });
    await once(socket, 'message');
    socket.close(4000, 'bye');
    await once(socket, 'close');
    // The Close frame of the server is not masked.
    await capturing.stop('bye');
    echo.close();

    const { code, stdout, stderr } = await runWsimd('inspect', '--json', file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const told = toldIn(stdout);
    expect(ofType(told, 'note')).toEqual([]);
    expect(ofType(told, 'connection').length).toBe(1);
    const frames = ofType(told, 'frame').map(({ from, name }) => `${from} ${name}`);
    const both = (name: string) => [`client ${name}`, `server ${name}`];
    expect(frames.filter((frame) => frame.startsWith('client'))).toEqual(
      ['text', 'text', 'binary', 'text', 'ping', 'continuation', 'close'].map((name) => both(name)[0]),
    );
    expect(frames.filter((frame) => frame.startsWith('server'))).toEqual(
      ['text', 'text', 'binary', 'pong', 'text', 'close'].map((name) => both(name)[1]),
    );
    for (const message of ofType(told, 'message')) {
      // ws compresses from 1024 bytes on, and fragments whatever their length.
      if (!perMessageDeflate) expect(message.isCompressed).toBe(false);
    }
    expect(ofType(told, 'message').some(({ isCompressed }) => isCompressed)).toBe(perMessageDeflate);
    expect(ofType(told, 'frame').at(-1)).toMatchObject({ payload: { closeCode: 4000, reason: 'bye', isCut: false } });

    if (spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status !== 0) return;
    // What Wireshark sees in the same file.
    const fields = ['-Y', 'websocket', '-d', `tcp.port==${port},http`, '-T', 'fields', '-e', 'websocket.opcode'];
    const seen = execFileSync('tshark', ['-r', file, ...fields], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const opcodes = seen
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    expect(opcodes.sort()).toEqual(
      ofType(told, 'frame')
        .map(({ opcode }) => opcode as number)
        .sort(),
    );
  });

  it('tells of a live capture while it goes on', async () => {
    const child = spawn(process.execPath, [MAIN, 'inspect', '--json', '-'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const packets = connectionOf([
      ['client', Buffer.from(REQUEST)],
      ['server', Buffer.from(RESPONSE)],
    ]);
    child.stdin.write(captureOf(packets.slice(0, -2)));
    let stdout = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      stdout += String(text);
      if (stdout.includes('"response"')) break;
    }
    child.stdin.end();
    const file = join(folder, 'whole.pcap');
    writeFileSync(file, captureOf(packets));
    expect((await runWsimd('inspect', file)).code).toBe(0);
  });
});
