// A server process for hostile scripts: echoes, in one of the configurations, and says what it did not handle.
//
//     node build/test/robustness/hostile/victims/victim.js <configuration>

import './short-strings.js';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server, createSecureServer, type Http2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { makeCertificate } from '../../../support/servers/tls.js';
import { answerQuestions, DeliberateError, guardProcess, openSockets } from '../../guard.js';
import { MAX_FRAGMENTS, MAX_PAYLOAD } from '../../soak/peers/limits.js';
import { CONFIGURATIONS, type Configuration, type ConfigurationName } from './configurations.js';

export type VictimQuestion =
  | { readonly what: 'port' | 'faults' | 'idle' }
  /** Makes a server with these options, and ends it if that succeeds. */
  | { readonly what: 'construct'; readonly options: object };

export interface Construction {
  /** Undefined if the constructor threw nothing. */
  readonly thrown: string | undefined;
  /** Servers that listen, with the one that the scripts meet. */
  readonly listening: number;
}

export interface Left {
  readonly clients: number;
  readonly sockets: number;
}

type Options = Partial<WebSocketServerOptions>;

const name = process.argv[2] as ConfigurationName;
const configuration: Configuration = CONFIGURATIONS[name];
const guard = guardProcess();
/** Milliseconds in which everything has ended once the last peer has gone. */
const IDLE_PATIENCE = 20_000;
const VERIFY_DELAY = 40;

const LIMITS: Options = {
  maxPayload: MAX_PAYLOAD,
  maxFragments: MAX_FRAGMENTS,
  maxBackpressure: 16 * 1024 * 1024,
  closeTimeout: 2000,
};

const httpServer = makeHttpServer(configuration);
const server = makeServer();
await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
answerQuestions(async (question: VictimQuestion) => {
  const { what } = question;
  if (what === 'construct') return construct(question.options);
  if (what === 'port') return (httpServer.address() as AddressInfo).port;
  if (what === 'faults') return guard.faults.splice(0);
  const isBusy = () => server.clients.size + openSockets() > 0;
  for (let waited = 0; waited < IDLE_PATIENCE && isBusy(); waited += 50) await sleep(50);
  return { clients: server.clients.size, sockets: openSockets() } satisfies Left;
});

function makeHttpServer({ transport, isSecure }: Configuration): Server | Http2Server {
  if (transport === 'tcp') return createServer();
  if (transport === 'tls') return createHttpsServer({ ...makeCertificate() });
  const settings = { enableConnectProtocol: true };
  return isSecure ? createSecureServer({ ...makeCertificate(), settings }) : createHttp2Server({ settings });
}

async function construct(options: object): Promise<Construction> {
  let thrown: string | undefined;
  try {
    new WebSocketServer({ port: 0, host: '127.0.0.1', ...options }).close();
  } catch (error) {
    thrown = String(error);
  }
  // A constructor that throws must not have begun to listen.
  await sleep(10);
  const listening = process.getActiveResourcesInfo().filter((resource) => resource === 'TCPServerWrap').length;
  return { thrown, listening };
}

function makeServer(): WebSocketServer {
  const { hasDeflate, verifiesLate, isBeside, path } = configuration;
  const options: Options = {
    ...LIMITS,
    ...(hasDeflate ? { perMessageDeflate: { threshold: 0 } } : {}),
    ...(verifiesLate ? { verifyClient: verifyLate } : {}),
    ...(name === 'a short close timeout, direct reads'
      ? { closeTimeout: 100, directReads: true, textAs: 'string', heartbeat: { interval: 15_000 } }
      : {}),
    ...(name === 'short strings' ? { textAs: 'string' } : {}),
    // WebAssembly reserves more addresses than there are.
    ...(name === 'little memory' ? { kernel: 'portable', maxPayload: 2 ** 30, maxHeldLength: 0 } : {}),
  };
  if (name === 'noServer' || name === 'headers from the request') return makeDetached(options);
  const made = new WebSocketServer({ ...options, server: httpServer, ...(isBeside ? { path } : {}) });
  if (isBeside) listenBeside();
  made.on('connection', echo);
  if (name === 'listeners that throw') made.on('connection', throwInListeners);
  // HTTP/2 forbids it; over HTTP/1.1 it does no harm.
  if (name === 'http2, a `headers` listener') made.on('headers', (lines) => void lines.push('Keep-Alive: timeout=5'));
  return made;
}

/** The program hands requests over by itself: some of them late, and it handles what `handleUpgrade` throws. */
function makeDetached(options: Options): WebSocketServer {
  const made = new WebSocketServer({ ...options, noServer: true });
  if (name === 'headers from the request') made.on('headers', reflect);
  httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const handOver = () => {
      try {
        made.handleUpgrade(request, socket, head, (webSocket) => echo(webSocket));
      } catch {
        socket.destroy();
      }
    };
    if (request.url === '/late') {
      // As the documentation asks of programs that keep a socket.
      socket.on('error', () => {});
      setTimeout(handOver, VERIFY_DELAY);
    } else handOver();
  });
  return made;
}

/** A program that is careless with what a client sent. */
function reflect(lines: string[], request: IncomingMessage): void {
  const user = new URL(request.url!, 'http://localhost').searchParams.get('user');
  if (user !== null) lines.push(`X-User: ${user}`);
}

function verifyLate(
  { req }: { req: IncomingMessage },
  answer: ((isAccepted: boolean, status?: number, text?: string) => void) | undefined,
): void {
  setTimeout(() => {
    if (req.url === '/refuse') answer?.(false, 401, 'no');
    else answer?.(true);
    // A program that answers twice must not end the process either.
    if (req.url === '/twice') answer?.(false, 500, 'again');
  }, VERIFY_DELAY);
}

function listenBeside(): void {
  if (configuration.transport === 'http2') {
    httpServer.on('stream', () => {});
    return;
  }
  httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    if (request.url === '/other') socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  });
}

function echo(webSocket: WebSocket): void {
  webSocket.on('error', () => {});
  webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
}

/** At the first events of each connection, but for what the honest client sends: an exception takes the process much longer. */
function throwInListeners(webSocket: WebSocket): void {
  let left = 40;
  const throwNow = () => {
    if (left-- > 0) throw new DeliberateError('by a listener of a program that is careless');
  };
  webSocket.on('message', (data) => {
    if (!String(data).startsWith('honest')) throwNow();
  });
  for (const event of ['ping', 'pong', 'error', 'close'] as const) webSocket.on(event, throwNow);
}
