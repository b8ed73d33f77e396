// `wsimd inspect` on what tcpdump captures of Chromium and our server: compressed both ways, in fragments. What it tells is
// compared with what the page and the server say, and with what Wireshark sees; then the same capture reordered, with packets
// twice, without its beginning, in other formats.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from '../../../../src/node/index.js';
import { createRandom } from '../../../support/inputs/random.js';
import { hasChromium, launchChromium } from '../../../support/programs/chromium.js';
import { describeWith } from '../../../support/programs/describe-with.js';
import { canCapture, type PcapPacket, readPcap, startCapturing, writePcap } from '../../../support/programs/tcpdump.js';
import { runWsimdOn } from '../../../support/servers/serve.js';

interface Told {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** A message as both ends and the inspector can tell it: its length, and its text or its bytes in hex. */
type Said = readonly [length: number, content: string];

/** What was said in a conversation, by those who said it. */
interface Conversation {
  readonly client: readonly Said[];
  readonly server: readonly Said[];
}

const PAYLOAD = 1_000_000;
/** The last thing in a capture. */
const LAST = 'GET /captured-all';
const CAPTURES = {
  lo: ['-i', 'lo'],
  cooked: ['-i', 'any', '-y', 'LINUX_SLL'],
  cooked2: ['-i', 'any', '-y', 'LINUX_SLL2'],
} as const;
type CaptureName = keyof typeof CAPTURES;

const hasTshark = spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status === 0;

describeWith('Chromium, tcpdump and Wireshark', hasChromium && canCapture && hasTshark, () => {
  let folder: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wsimd-chromium-'));
    browser = await launchChromium();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ])('at %s', (address, host) => {
    const fileOf = (name: CaptureName) => join(folder, `${name}-${address.replaceAll(':', '')}.pcap`);
    let said: Conversation;
    let port: number;

    beforeAll(async () => {
      const sent: Said[] = [];
      const httpServer = createServer((_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>captured</title>');
      });
      const server = new WebSocketServer({ server: httpServer, perMessageDeflate: true });
      server.on('connection', (socket) => {
        const send = (data: Buffer, isBinary: boolean, fragments = 1) => {
          sent.push([data.length, data.toString(isBinary ? 'hex' : 'utf8')]);
          const length = Math.ceil(data.length / fragments);
          for (let i = 0; i < fragments; i++) {
            const part = data.subarray(i * length, (i + 1) * length);
            socket.send(part, { binary: isBinary, fin: i === fragments - 1 });
            if (i === 0 && fragments > 1) socket.ping('between');
          }
        };
        socket.on('message', (data, isBinary) => {
          const bytes = data as Buffer;
          if (!isBinary && bytes.toString().startsWith('fragments')) send(bytes, false, 5);
          else send(bytes, isBinary);
        });
      });
      await new Promise<void>((resolve) => httpServer.listen(0, address, resolve));
      ({ port } = httpServer.address() as AddressInfo);
      const names = Object.keys(CAPTURES) as CaptureName[];
      const capturing = await Promise.all(names.map((name) => startCapturing(fileOf(name), port, ...CAPTURES[name])));
      const page = await browser.newPage();
      await page.goto(`http://${host}:${port}/`);
      const client = await page.evaluate(async (url) => {
        const socket = new WebSocket(url);
        socket.binaryType = 'arraybuffer';
        const next = (name: string) =>
          new Promise<Event>((resolve) => socket.addEventListener(name, resolve, { once: true }));
        await next('open');
        const words = (count: number) => Array.from({ length: count }, (_, i) => `word ${(i * i) % 997}`).join(' ');
        const random = crypto.getRandomValues(new Uint8Array(40_000));
        const messages = [
          'hello',
          'hello again, hello',
          words(5000),
          random,
          `fragments ${words(300)}`,
          '漢字🎉'.repeat(500),
          new Uint8Array(200_000).map((_, i) => i >> 8),
          random.subarray(0, 100),
          '',
        ];
        const said: [number, string][] = [];
        for (const message of messages) {
          const answer = next('message');
          socket.send(message);
          const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message;
          const hex = () => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
          said.push([bytes.length, typeof message === 'string' ? message : hex()]);
          await answer;
        }
        const closed = next('close');
        socket.close(4321, 'that is all');
        await closed;
        return said;
      }, `ws://${host}:${port}/path?x=1`);
      await page.close();
      said = { client, server: sent };
      await new Promise((resolve) => get({ host: address, port, path: LAST.slice(4) }, resolve).end());
      await Promise.all(capturing.map((capture) => capture.stop(LAST)));
      httpServer.closeAllConnections();
      server.close();
      httpServer.close();
    }, 60_000);

    it.each(Object.keys(CAPTURES) as CaptureName[])('tells the whole conversation, captured as %s', async (name) => {
      const { code, told, stderr } = await inspect(readFileSync(fileOf(name)));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expectConversation(told, said);
      // Both compress, both ways in which fragments come about, and what comes between them.
      const { frames } = webSocketOf(told);
      for (const from of ['client', 'server']) {
        expect(frames.some((frame) => frame.from === from && frame.isCompressed)).toBe(true);
      }
      expect(frames.filter(({ name: opcode }) => opcode === 'continuation').length).toBeGreaterThan(4);
      expect(frames.filter(({ from, name: opcode }) => `${from} ${opcode}` === 'client pong').length).toBe(1);
      for (const close of frames.filter(({ name: opcode }) => opcode === 'close')) {
        expect(close.payload).toEqual({ closeCode: 4321, reason: 'that is all', isCut: false });
      }
    });

    it('sees the frames that Wireshark sees, and in compressed texts what it does', async () => {
      const { told } = await inspect(readFileSync(fileOf('lo')));
      const seen = wiresharkFrames(fileOf('lo'), port);
      const { frames, messages } = webSocketOf(told);
      for (const from of ['client', 'server'] as const) {
        const ours = frames.filter((frame) => frame.from === from);
        expect(ours.map(({ opcode, fin, rsv1, payloadLength }) => [opcode, fin, rsv1, payloadLength])).toEqual(
          seen[from].frames,
        );
        // It shows a text that comes in one frame, if it is not empty.
        const texts = messages
          .filter((message) => message.from === from && message.name === 'text' && message.frames === 1)
          .map(({ payload }) => (payload as { text: string }).text)
          .filter((text) => text !== '');
        expect(texts).toEqual(seen[from].texts);
      }
    });

    it('tells the same of the capture in other formats, and of a VLAN', async () => {
      const { told } = await inspect(readFileSync(fileOf('lo')));
      for (const format of ['pcapng', 'nsecpcap']) {
        const file = join(folder, `other.${format}`);
        execFileSync('editcap', ['-F', format, fileOf('lo'), file]);
        expect((await inspect(readFileSync(file))).told, format).toEqual(told);
      }
      const { header, packets } = readPcap(readFileSync(fileOf('lo')));
      const tagged = packets.map(({ time, bytes }) => ({
        time,
        bytes: Buffer.concat([bytes.subarray(0, 12), Uint8Array.of(0x81, 0, 0, 7), bytes.subarray(12)]),
      }));
      expect((await inspect(writePcap({ header, packets: tagged }))).told).toEqual(told);
    });

    it('tells the same of packets that are reordered and retransmitted', async () => {
      const { header, packets } = readPcap(readFileSync(fileOf('lo')));
      const random = createRandom(port);
      for (let round = 0; round < 4; round++) {
        // Each packet, a SYN too, up to six places late, one in four of them twice.
        const late = packets.flatMap((packet, i) => {
          const places = [i + (random() % 7)];
          if (random() % 4 === 0) places.push(i + 3 + (random() % 20));
          return places.map((place) => ({ packet, place }));
        });
        const shuffled = late.sort((a, b) => a.place - b.place).map(({ packet }) => packet);
        const { code, told } = await inspect(writePcap({ header, packets: shuffled }));
        expect(code).toBe(0);
        expectConversation(told, said);
      }
    });

    it('tells what it can of a capture that begins in the middle, or lacks packets', async () => {
      const { header, packets } = readPcap(readFileSync(fileOf('lo')));
      const isUpgrade = ({ bytes }: PcapPacket) => bytes.includes('GET /path');
      const request = packets.findIndex(isUpgrade);
      for (const from of [request + 3, request + 12]) {
        const { code, told } = await inspect(writePcap({ header, packets: packets.slice(from) }));
        expect(code).toBe(0);
        expect(told[0]).toMatchObject({ type: 'connection', isWhole: false });
        expectSomeOf(told, said);
      }
      // A packet of the client's with more than a frame's header in it, and one of the server's.
      const port16 = (bytes: Buffer, at: number) => bytes.readUInt16BE(at);
      const tcpAt = address === '::1' ? 54 : 34;
      for (const at of [tcpAt, tcpAt + 2]) {
        const long = packets.filter(({ bytes }) => port16(bytes, at) === port && bytes.length > 1000);
        expect(long.length).toBeGreaterThan(1);
        const { code, told } = await inspect(
          writePcap({ header, packets: packets.filter((packet) => packet !== long[1]) }),
        );
        expect(code).toBe(0);
        const notes = told.filter(({ type }) => type === 'note').map(({ text }) => text);
        expect(notes).toContainEqual(expect.stringMatching(/are not in the capture$/));
        expectSomeOf(told, said);
      }
      const whole = writePcap({ header, packets });
      const { code, told, stderr } = await inspect(whole.subarray(0, whole.length - 700));
      expect(code).toBe(1);
      expect(stderr).toMatch(/^wsimd: the capture is cut off/);
      expectSomeOf(told, said);
    });
  });
});

async function inspect(capture: Uint8Array): Promise<{ code: number | null; told: Told[]; stderr: string }> {
  const { code, stdout, stderr } = await runWsimdOn(capture, 'inspect', '--json', '--payload', String(PAYLOAD), '-');
  const lines = stdout.split('\n').filter(Boolean);
  return { code, told: lines.map((line) => JSON.parse(line) as Told), stderr };
}

/** The output for the one connection that is a WebSocket. */
function webSocketOf(told: readonly Told[]) {
  const frames = told.filter(({ type }) => type === 'frame');
  expect(new Set(frames.map(({ connection }) => connection)).size).toBe(1);
  return { frames, messages: told.filter(({ type }) => type === 'message') };
}

/** What was inflated, or did not have to be. */
function saidBy(told: readonly Told[], sender: string): Said[] {
  return told.flatMap(({ type, from, payload, payloadLength, isCompressed, inflatedLength }): Said[] => {
    if (type !== 'message' || from !== sender || inflatedLength === null) return [];
    const { text, hex } = payload as { text?: string; hex?: string };
    return [[(isCompressed ? inflatedLength : payloadLength) as number, text ?? hex!]];
  });
}

function expectConversation(told: readonly Told[], said: Conversation): void {
  expect(told.filter(({ type }) => type === 'violation')).toEqual([]);
  expect(told.filter(({ isCut }) => isCut)).toEqual([]);
  expect(saidBy(told, 'client')).toEqual(said.client);
  expect(saidBy(told, 'server')).toEqual(said.server);
}

/** What is told was said, in this order, and not all that was said is told. */
function expectSomeOf(told: readonly Told[], said: Conversation): void {
  expect(told.filter(({ type }) => type === 'violation')).toEqual([]);
  expect(told.some(({ type }) => type === 'note')).toBe(true);
  for (const from of ['client', 'server'] as const) {
    let at = 0;
    for (const message of saidBy(told, from)) {
      while (at < said[from].length && said[from][at]!.join() !== message.join()) at++;
      expect(at, `${from}: ${message[1].slice(0, 40)}`).toBeLessThan(said[from].length);
      at++;
    }
  }
  const all = said.client.length + said.server.length;
  expect(saidBy(told, 'client').length + saidBy(told, 'server').length).toBeLessThanOrEqual(all);
}

/** Fields of Wireshark's dissector that together are a length, by the length in seven bits. */
const LENGTHS = ['websocket.payload_length', 'websocket.payload_length_ext_16', 'websocket.payload_length_ext_64'];
const AGGREGATOR = '\x1f';

/** What Wireshark sees of either sender: opcode, FIN, RSV1 and length of each frame; texts. */
function wiresharkFrames(file: string, port: number) {
  const fields = [
    'tcp.srcport',
    'websocket.opcode',
    'websocket.fin',
    'websocket.rsv',
    ...LENGTHS,
    'websocket.payload.text',
  ];
  const output = execFileSync(
    'tshark',
    [
      ...['-r', file, '-d', `tcp.port==${port},http`, '-Y', 'websocket', '-T', 'fields'],
      ...['-E', 'separator=/t', '-E', `aggregator=${AGGREGATOR}`, '-E', 'occurrence=a'],
      ...fields.flatMap((field) => ['-e', field]),
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 },
  );
  const seen = {
    client: { frames: [] as unknown[][], texts: [] as string[] },
    server: { frames: [] as unknown[][], texts: [] as string[] },
  };
  for (const line of output.split('\n').filter(Boolean)) {
    const [source, opcodes, fins, rsvs, short, medium, long, texts] = line
      .split('\t')
      .map((values) => (values === '' ? [] : values.split(AGGREGATOR)));
    const sender = seen[Number(source![0]) === port ? 'server' : 'client'];
    for (const [i, opcode] of opcodes!.entries()) {
      const length = short![i] === '126' ? medium!.shift() : short![i] === '127' ? long!.shift() : short![i];
      sender.frames.push([Number(opcode), fins![i] === '1', (Number(rsvs![i]) & 4) !== 0, Number(length)]);
    }
    // Of fragments it shows what is on the wire.
    if (opcodes!.length === 1 && fins![0] === '1') sender.texts.push(...texts!);
  }
  return seen;
}
