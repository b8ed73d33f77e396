// WebSocketServer.handleUpgrade: whatever a request says and whatever the program's functions do with it, it gets one answer, the one
// that the rules of the handshake and the program decide on, and nothing is left of it.

import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { checkRequest, HeaderList } from '../../../src/handshake/index.js';
import { type ServerOptions, WebSocketServer } from '../../../src/node/index.js';

type Line = readonly [name: string, value: string];

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const VALUES: Readonly<Record<string, readonly string[]>> = {
  Host: ['a.example', 'a.example:80', '', 'a b'],
  Upgrade: ['websocket', 'h2c, WebSocket', 'websocket/13', '"websocket"'],
  Connection: ['Upgrade', 'keep-alive, upgrade', 'close', ', ,UPGRADE'],
  'Sec-WebSocket-Key': [KEY, `\t${KEY} `, KEY.slice(1), `${KEY}, ${KEY}`],
  'Sec-WebSocket-Version': ['13', '8', '013', '13, 8'],
  'Sec-WebSocket-Protocol': ['a', 'a, b', 'a,,b', 'a b', '__proto__, constructor'],
  'Sec-WebSocket-Extensions': ['permessage-deflate', 'x; y="1"', 'permessage-deflate; client_max_window_bits', ';'],
  Origin: ['http://a.example', 'https://a.example', 'null', 'http://b.example'],
  constructor: ['x'],
};
const REQUIRED = Object.keys(VALUES).slice(0, 5);

const lineOf = (name: string): fc.Arbitrary<Line> =>
  fc.tuple(
    fc.constantFrom(name, name, name.toLowerCase(), name.toUpperCase()),
    fc.oneof({ weight: 12, arbitrary: fc.constant(VALUES[name]![0]!) }, fc.constantFrom(...VALUES[name]!)),
  );
const scarcely = (lines: fc.Arbitrary<Line>) => fc.array(lines, { maxLength: 1 });
const lines = fc
  .tuple(
    fc.tuple(...REQUIRED.map(lineOf)),
    // Most requests are as they should be: one that lacks something never gets to the program.
    fc.option(fc.constantFrom(...REQUIRED), { freq: 8 }),
    scarcely(fc.oneof(...REQUIRED.map(lineOf))),
    fc.array(fc.oneof(fc.constant<Line>(['__proto__', 'x']), ...Object.keys(VALUES).slice(5).map(lineOf)), {
      maxLength: 4,
    }),
  )
  .map(([required, missing, doubled, more]) => [
    ...required.filter(([name]) => name.toLowerCase() !== missing?.toLowerCase()),
    ...(missing === null ? [] : doubled),
    ...more,
  ]);

const decision = fc.constantFrom('yes', 'yes', 'no', 'throws', 'yes later', 'no later', 'rejects');
const scenario = fc.record({
  lines,
  hasRawHeaders: fc.boolean(),
  shouldHandle: decision,
  verifyClient: fc.option(fc.oneof(decision, fc.constantFrom('calls back', 'calls back later', 'calls back twice'))),
  headers: fc.constantFrom('none', 'adds', 'is malformed', 'throws'),
  completes: fc.constantFrom('at once', 'later', 'on another socket'),
  isHandedInTwice: fc.boolean(),
  origin: fc.constantFrom<ServerOptions['origin'][]>(undefined, 'same-origin', ['https://a.example']),
  perMessageDeflate: fc.boolean(),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer Value> ? Value : never;

/** A connection without a peer. */
class Socket extends Duplex {
  readonly written: Buffer[];

  constructor(written: Buffer[] = []) {
    super();
    this.written = written;
  }
  override _read(): void {}
  override _write(data: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.written.push(Buffer.from(data));
    callback();
  }
}

/** As Node reads the lines of a request, which leaves out the second Host. */
function headersOf(lines: readonly Line[]): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of lines) {
    const lowerCase = name.toLowerCase();
    const before = headers.get(lowerCase);
    if (before === undefined) headers.set(lowerCase, value.trim());
    else if (lowerCase !== 'host') headers.set(lowerCase, `${before}, ${value.trim()}`);
  }
  return Object.fromEntries(headers);
}

/** The status of the answer. */
function expectedStatus({ lines, hasRawHeaders, shouldHandle, verifyClient, headers, ...options }: Scenario): number {
  const { perMessageDeflate, origin } = options;
  const list = HeaderList.from(Object.entries(headersOf(lines)));
  const hosts = lines.filter(([name]) => name.toLowerCase() === 'host').slice(1);
  if (hasRawHeaders) for (const [name, value] of hosts) list.append(name, value);
  else if (list.get('connection') === undefined) list.append('connection', 'upgrade');
  const verdict = checkRequest(
    { method: 'GET', target: '/', version: '1.1', headers: list },
    { origin: origin ?? 'any', requireHost: false, readExtensions: perMessageDeflate },
  );
  if (!verdict.ok) return verdict.status;
  if (shouldHandle === 'throws' || shouldHandle === 'rejects') return 500;
  if (shouldHandle.startsWith('no')) return 400;
  if (verifyClient === 'rejects' || (verifyClient === 'throws' && shouldHandle === 'yes')) return 500;
  if (verifyClient === 'throws' || verifyClient?.startsWith('no')) return 401;
  return headers === 'is malformed' || headers === 'throws' ? 500 : 101;
}

function decide(how: string): boolean | Promise<boolean> {
  if (how === 'throws') throw new Error(how);
  if (how === 'rejects') return Promise.reject(new Error(how));
  return how.endsWith('later') ? turn(how.startsWith('yes')) : how === 'yes';
}

class Server extends WebSocketServer {
  readonly #scenario: Scenario;

  constructor(scenario: Scenario) {
    const { verifyClient: how, shouldHandle, origin, perMessageDeflate } = scenario;
    // What is thrown in a later turn would be an uncaught exception.
    const verify = () => (how === 'throws' && shouldHandle !== 'yes' ? false : decide(how!));
    const verifyLater: ServerOptions['verifyClient'] = (_info, answer) => {
      if (how === 'calls back later') setImmediate(answer, true);
      else for (let i = how === 'calls back twice' ? 2 : 1; i > 0; i--) answer(true);
    };
    const verifyClient = how === null ? undefined : how.startsWith('calls') ? verifyLater : verify;
    super({ noServer: true, origin, perMessageDeflate, verifyClient });
    this.#scenario = scenario;
    if (scenario.headers === 'none') return;
    this.on('headers', (lines) => {
      if (scenario.headers === 'throws') throw new Error('headers');
      lines.push(scenario.headers === 'adds' ? 'X-Added: 1' : 'malformed');
    });
  }
  override shouldHandle(): boolean | Promise<boolean> {
    return decide(this.#scenario.shouldHandle);
  }
  override completeUpgrade(...args: Parameters<WebSocketServer['completeUpgrade']>): void {
    const socket = args[4];
    const { completes } = this.#scenario;
    if (completes === 'on another socket' && socket instanceof Socket) args[4] = new Socket(socket.written);
    if (completes === 'later') setImmediate(() => attempt(() => super.completeUpgrade(...args)));
    else attempt(() => super.completeUpgrade(...args));
  }
}

function attempt(step: () => void): void {
  try {
    step();
  } catch {}
}

test('each request gets one answer, as the rules and the program decide, and leaves nothing behind', async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  await fc.assert(
    fc.asyncProperty(scenario, async (scenario) => {
      const server = new Server(scenario);
      const socket = new Socket();
      const rawHeaders = scenario.hasRawHeaders ? { rawHeaders: scenario.lines.flat() } : {};
      const request = {
        method: 'GET',
        url: '/',
        httpVersion: '1.1',
        headers: headersOf(scenario.lines),
        ...rawHeaders,
      };
      let openedCount = 0;
      const handIn = () =>
        attempt(() =>
          server.handleUpgrade(request as object as IncomingMessage, socket, Buffer.alloc(0), (webSocket) => {
            openedCount++;
            webSocket.on('error', () => {});
          }),
        );
      handIn();
      if (scenario.isHandedInTwice) handIn();
      for (let i = 0; i < 6; i++) await turn();

      const status = expectedStatus(scenario);
      const answers = Buffer.concat(socket.written).toString('latin1');
      expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
      const isOpen = status === 101;
      expect(answers.includes('X-Added: 1')).toBe(isOpen && scenario.headers === 'adds');
      expect(openedCount).toBe(isOpen ? 1 : 0);
      const stats = server.stats();
      expect(stats).toMatchObject({ connections: openedCount, opened: openedCount, pendingHandshakes: 0, limits: {} });
      expect(stats.refused).toEqual(isOpen ? {} : { [status]: 1 });
      for (const client of server.clients) client.terminate();
      socket.destroy();
    }),
    { numRuns: 400 },
  );
});
