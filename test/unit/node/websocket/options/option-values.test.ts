// Every option of a server and a client × odd values, with a real client and an echo, of ours and of `ws`: an option either
// throws at once, by its name, or works. Nothing throws later, when no caller is there to catch it.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProtocolError } from '../../../../../src/index.js';
import type { WebSocket, WebSocketServer } from '../../../../../src/node/index.js';
import { type Api, IMPLEMENTATIONS } from '../../../../support/peers/implementations.js';

type Side = 'server' | 'client';
type Outcome = 'works' | 'refused' | 'throws' | 'dies' | 'hangs';
interface Result {
  readonly outcome: Outcome;
  readonly error?: unknown;
}

/** Milliseconds for a connection, an echo and a Close frame. */
const PATIENCE = 3000;

const VALUES: readonly unknown[] = [
  ...[undefined, null, true, false, '', 'x', '1', {}, [], 1n, Symbol('odd'), () => {}],
  ...[Number.NaN, -1, 0, 0.5, 1, 1.5, 8, 2 ** 31 - 1, 2 ** 31, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];

/** Options that `ws` has too. */
const COMMON = [
  ...['allowSynchronousEvents', 'autoPong', 'skipUTF8Validation', 'generateMask', 'perMessageDeflate'],
  ...['closeTimeout', 'maxPayload', 'maxFragments', 'maxPendingAutoPongs', 'maxBufferedChunks'],
  ...['serverNoContextTakeover', 'clientNoContextTakeover', 'serverMaxWindowBits', 'clientMaxWindowBits'].map(deflate),
  ...['threshold', 'concurrencyLimit'].map(deflate),
];
const SHARED: Readonly<Record<Side, readonly string[]>> = {
  server: [
    ...COMMON,
    ...['port', 'host', 'backlog', 'server', 'noServer', 'path', 'clientTracking', 'verifyClient', 'handleProtocols'],
    ...['WebSocket'],
  ],
  client: [
    ...COMMON,
    ...['origin', 'headers', 'followRedirects', 'maxRedirects', 'handshakeTimeout', 'protocolVersion', 'finishRequest'],
  ],
};
/** Options that `ws` does not have. */
const OWN = [
  ...['maxHeldLength', 'maxBackpressure', 'maxPingRate', 'backpressurePolicy', 'textAs', 'directReads', 'kernel'],
  ...['directWrites', 'earlyScavenges', 'messageLifetime', 'heartbeat', 'heartbeat.interval'],
  // With streamMessages of 1 no `message` is emitted: test/unit/node/flow/message-streams.test.ts has that option.
  // A connection of 1 ms ends before it works: test/unit/node/operate/bounds.test.ts has idleTimeout and maxLifetime.
  'lifetimeJitter',
  ...['level', 'deflateTakeover', 'inflateTakeover', 'poolLength', 'kernel'].map(deflate),
  ...['deflateWindowBits', 'inflateWindowBits', 'deflateHashBits'].map(deflate),
];
const OURS: Readonly<Record<Side, readonly string[]>> = {
  server: [...OWN, 'origin', 'requireOrigin', 'maxConnections', 'handshakeTimeout'],
  client: [...OWN, 'protocols', 'session'],
};

/** Values that `ws` takes and we refuse, by option: docs/reference/ws-compatibility.md has the same table. */
const ONLY_FLAGS = 'values that are not true, false, null, 0 or 1: a text such as "false" would be true';
const NO_LIMIT = 'what is no number, NaN, and between 0 and 1: a variable that is not set would switch the limit off';
const NO_TIME = 'what is no number, NaN, less than 0, more than 2^31 - 1: such a timer runs out at once';
const OTHER_TYPE = 'values of another type, of which ws makes something by chance or which it never looks at';
const REFUSED: ReadonlyMap<string, string> = new Map([
  ...['allowSynchronousEvents', 'autoPong', 'skipUTF8Validation', 'clientTracking', 'noServer', 'followRedirects'].map(
    (name) => [name, ONLY_FLAGS] as const,
  ),
  ...['perMessageDeflate', deflate('serverNoContextTakeover'), deflate('clientNoContextTakeover')].map(
    (name) => [name, ONLY_FLAGS] as const,
  ),
  ...['maxPayload', 'maxFragments'].map((name) => [name, NO_LIMIT] as const),
  ['maxPendingAutoPongs', 'the same but for NaN'],
  ...['closeTimeout', 'handshakeTimeout'].map((name) => [name, NO_TIME] as const),
  ...['backlog', 'maxRedirects', 'host', 'path', 'origin', 'headers', 'generateMask', 'port'].map(
    (name) => [name, OTHER_TYPE] as const,
  ),
  ...['verifyClient', 'handleProtocols', 'finishRequest'].map((name) => [name, OTHER_TYPE] as const),
  ...['threshold', 'serverMaxWindowBits', 'clientMaxWindowBits'].map((name) => [deflate(name), OTHER_TYPE] as const),
  ['protocolVersion', 'a version of which there is no standard'],
]);

function deflate(name: string): string {
  return `perMessageDeflate.${name}`;
}

/** The options of one side, with a value in its place, and those that the other side needs to meet it. */
function optionsFor(side: Side, name: string, value: unknown): [server: object, client: object] {
  const [outer = '', inner] = name.split('.');
  const own = inner === undefined ? { [outer]: value } : { [outer]: { [inner]: value } };
  const other = outer === 'perMessageDeflate' ? { perMessageDeflate: true } : {};
  const listening = name === 'server' ? {} : { port: 0, host: '127.0.0.1' };
  return side === 'server' ? [{ ...listening, ...own }, other] : [{ ...listening, ...other }, own];
}

let death: unknown;
let others: NodeJS.UncaughtExceptionListener[];
const onUncaught = (error: unknown) => {
  death ??= error;
  dying?.();
};
let dying: (() => void) | undefined;

beforeAll(() => {
  others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', onUncaught);
});
afterAll(() => {
  process.removeListener('uncaughtException', onUncaught);
  for (const listener of others) process.on('uncaughtException', listener);
});

interface Started {
  server?: WebSocketServer;
  client?: WebSocket;
}

/** What becomes of a connection whose one side is told a value. */
async function attempt(api: Api, side: Side, name: string, value: unknown): Promise<Result> {
  const [serverOptions, clientOptions] = optionsFor(side, name, value);
  const message = name.startsWith('perMessageDeflate') ? 'x'.repeat(2000) : 'x';
  const started: Started = {};
  death = undefined;
  const died = new Promise<Result>((resolve) => {
    dying = () => resolve({ outcome: 'dies' });
  });
  const late = new AbortController();
  const hung = wait(PATIENCE, { outcome: 'hangs' } as Result, late).catch(() => ({ outcome: 'hangs' }) as Result);
  const result = await Promise.race([died, hung, talk(api, serverOptions, clientOptions, message, started)]);
  late.abort();
  clean(started);
  // What was set up is over, or throws by then.
  for (let i = 0; i < 5; i++) await nextTurn();
  return death === undefined ? result : { outcome: 'dies', error: death };
}

function clean({ server, client }: Started): void {
  try {
    client?.on('error', () => {});
    client?.terminate();
    for (const served of server?.clients ?? []) served.terminate();
    server?.close();
  } catch {
    // `ws`, where an option that it accepted is none.
  }
}

async function talk(
  api: Api,
  serverOptions: object,
  clientOptions: object,
  message: string,
  started: Started,
): Promise<Result> {
  try {
    const server = new api.WebSocketServer(serverOptions);
    started.server = server;
    const failed = once(server, 'error').then(([error]): Result => ({ outcome: 'refused', error }));
    server.on('connection', (served) => {
      served.on('error', () => {});
      served.on('message', (data) => served.send(data.toString()));
    });
    if (server.address() === null) {
      const result = await Promise.race([failed, once(server, 'listening')]);
      if (!Array.isArray(result)) return result;
    }
    const { port } = server.address() as AddressInfo;
    const client = new api.WebSocket(`ws://127.0.0.1:${port}`, clientOptions);
    started.client = client;
    return await echo(client, message);
  } catch (error) {
    return { outcome: 'throws', error };
  }
}

function echo(client: WebSocket, message: string): Promise<Result> {
  let hasEchoed = false;
  return new Promise((resolve) => {
    client.on('error', (error) => resolve({ outcome: 'refused', error }));
    client.on('open', () => client.send(message));
    client.on('message', (data) => {
      hasEchoed = data.toString() === message;
      client.close();
    });
    client.on('close', (code) => resolve({ outcome: hasEchoed ? 'works' : 'refused', error: code }));
  });
}

/** Values that are right but stand in the way of an echo here, whichever implementation has them. */
function isOdd(name: string, value: unknown): boolean {
  if (name === 'host') return typeof value !== 'string' || value === '';
  if (name === 'finishRequest') return typeof value !== 'function';
  if (name === 'requireOrigin') return value !== true && value !== 1;
  if (name === 'handshakeTimeout') return !(typeof value === 'number' && value > 0 && value < 1000);
  return true;
}

function describeCase(name: string, value: unknown): string {
  return `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)} (${typeof value})`;
}

const implementations = new Map(IMPLEMENTATIONS);
const ours = implementations.get('wsimd')!;
const theirs = implementations.get('ws')!;

/** Options of which some value that `ws` takes was refused, on either side. */
const strict = new Set<string>();

/** What the text of `ws` calls an option by, where programs match that text. */
const IN_WORDS_OF_WS: Readonly<Record<string, string>> = {
  protocolVersion: 'protocol version',
  protocols: 'subprotocol',
};

/** It was refused at once, and the error says which option is at fault. */
function expectNamed(name: string, error: unknown, what: string): void {
  expect(
    [TypeError, RangeError, SyntaxError, ProtocolError].some((type) => error instanceof type),
    what,
  ).toBe(true);
  expect((error as Error).message, what).toContain(IN_WORDS_OF_WS[name] ?? name.split('.').at(-1));
}

describe.each(['server', 'client'] as const)('an option of a %s', (side) => {
  test.each(SHARED[side])('%s works as with ws, or throws at once', { timeout: 120_000 }, async (name) => {
    let isStricter = false;
    for (const value of VALUES.filter((value) => isOdd(name, value))) {
      const what = describeCase(name, value);
      const result = await attempt(ours, side, name, value);
      if (result.outcome === 'works') continue;
      const { outcome } = await attempt(theirs, side, name, value);
      if (result.outcome === 'throws') expectNamed(name, result.error, what);
      else expect(result.outcome, `${what}: ${String(result.error)}`).toBe(outcome);
      expect(result.outcome, what).not.toBe('dies');
      if (outcome !== 'works') continue;
      isStricter = true;
      expect(REFUSED.get(name), what).toBeDefined();
    }
    if (isStricter) strict.add(name);
  });

  test.each(OURS[side])('%s works, or throws at once', { timeout: 120_000 }, async (name) => {
    for (const value of VALUES.filter((value) => isOdd(name, value))) {
      const { outcome, error } = await attempt(ours, side, name, value);
      const what = `${describeCase(name, value)}: ${String(error)}`;
      expect(outcome, what).toMatch(/^(?:works|throws)$/);
      if (outcome === 'throws') expectNamed(name, error, what);
    }
  });
});

test('the table of what is refused names nothing that is taken', () => {
  expect([...REFUSED.keys()].filter((name) => !strict.has(name))).toEqual([]);
});
