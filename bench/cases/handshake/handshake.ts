// A whole upgrade on the server: from the request that Node has parsed to the response written, and to a WebSocket that is
// open. It must not know how things are timed.

import { createHash } from 'node:crypto';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { acceptKey, checkRequest, fromRawHeaders, writeResponse } from '../../../src/handshake/index.js';
import { WebSocketServer } from '../../../src/node/index.js';
import { Digest } from '../../core/digest.js';
import type { Group, Subject } from '../../core/harness.js';
import { Random } from '../../core/inputs.js';
import { ws } from '../../subjects/peers/ws-copies.js';

const REQUESTS = 64;
const EMPTY = Buffer.alloc(0);

/** What a browser sends, and its key. */
function makeRawHeaders(key: string): string[] {
  return [
    ...['Host', 'www.example.com', 'Connection', 'Upgrade', 'Pragma', 'no-cache', 'Cache-Control', 'no-cache'],
    ...[
      'User-Agent',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
    ],
    ...['Upgrade', 'websocket', 'Origin', 'https://www.example.com', 'Sec-WebSocket-Version', '13'],
    ...[
      'Accept-Encoding',
      'gzip, deflate, br, zstd',
      'Accept-Language',
      'en-GB,en;q=0.9',
      'Cookie',
      'session=0123456789',
    ],
    ...['Sec-WebSocket-Key', key],
  ];
}

/** A socket that keeps what the server writes, and is sent nothing. */
class FakeSocket extends Duplex {
  readonly written: (string | Buffer)[] = [];

  constructor() {
    super({ decodeStrings: false });
  }
  // What both servers ask of a socket where it has it.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  override _read(): void {}
  override _write(chunk: string | Buffer, _encoding: string, callback: () => void): void {
    this.written.push(chunk);
    callback();
  }
}

/** A request and its socket; both are used once. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: FakeSocket;
}

const unconnected = new Socket();

function makeUpgrade(rawHeaders: string[]): Upgrade {
  const request = new IncomingMessage(unconnected);
  request.method = 'GET';
  request.url = '/chat';
  request.httpVersion = '1.1';
  addHeaders(request, rawHeaders);
  return { request, socket: new FakeSocket() };
}

/** As the parser of Node's HTTP server does it: `headers` is made when it is first asked for. */
function addHeaders(
  request: IncomingMessage & { _addHeaderLines?(lines: string[], count: number): void },
  rawHeaders: string[],
): void {
  if (typeof request._addHeaderLines === 'function') {
    request._addHeaderLines(rawHeaders, rawHeaders.length);
    return;
  }
  request.rawHeaders = rawHeaders;
  for (let i = 0; i < rawHeaders.length; i += 2) request.headers[rawHeaders[i]!.toLowerCase()] = rawHeaders[i + 1];
}

/** @param upgrade writes the response to the socket */
function makeSubject(name: string, keys: readonly string[], upgrade: (upgrade: Upgrade) => void): Subject {
  const rawHeaders = keys.map(makeRawHeaders);
  let upgrades: Upgrade[] = [];
  const prepare = () => {
    for (const { socket } of upgrades) socket.destroy();
    upgrades = rawHeaders.map(makeUpgrade);
  };
  const run = () => {
    let writes = 0;
    for (const one of upgrades) {
      upgrade(one);
      writes += one.socket.written.length;
    }
    return writes;
  };
  const output = () => {
    const digest = new Digest();
    prepare();
    run();
    for (const { socket } of upgrades) addResponse(socket.written.join(''), digest);
    return digest.toString();
  };
  return { name, prepare, run, output };
}

/** The fields of a head may come in any order. */
function addResponse(head: string, digest: Digest): void {
  if (!head.endsWith('\r\n\r\n')) throw new Error(`the response is ${JSON.stringify(head)}`);
  digest.add(head.split('\r\n').sort().join('\n')).end();
}

/** By node:crypto. */
function expectedResponse(key: string): string {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

function responseSubject(keys: readonly string[]): Subject {
  return makeSubject('response', keys, ({ request, socket }) => {
    const { method = '', url = '', httpVersion, rawHeaders } = request;
    const headers = fromRawHeaders(rawHeaders);
    const verdict = checkRequest({ method, target: url, version: httpVersion, headers });
    if (verdict.ok) socket.write(writeResponse(verdict), 'latin1');
  });
}

function serverSubject(keys: readonly string[]): Subject {
  const server = new WebSocketServer({ noServer: true });
  server.on('connection', () => {});
  return makeSubject('wsimd', keys, ({ request, socket }) =>
    server.handleUpgrade(request, socket, EMPTY, (webSocket) => server.emit('connection', webSocket, request)),
  );
}

function wsSubject(keys: readonly string[]): Subject {
  const server = new ws.WebSocketServer({ noServer: true });
  server.on('connection', () => {});
  return makeSubject('ws', keys, ({ request, socket }) => {
    server.handleUpgrade(request, socket, EMPTY, (webSocket) => server.emit('connection', webSocket, request));
  });
}

/** What is accepted is the same but for the key. */
function makeResponder(firstKey: string): (key: string) => string {
  const headers = fromRawHeaders(makeRawHeaders(firstKey));
  const verdict = checkRequest({ method: 'GET', target: '/chat', version: '1.1', headers });
  if (!verdict.ok) throw verdict.error;
  const accepted: { -readonly [Name in keyof typeof verdict]: (typeof verdict)[Name] } = { ...verdict };
  return (key) => {
    accepted.accept = acceptKey(key);
    return writeResponse(accepted);
  };
}

function makeResponseSubject(name: string, keys: readonly string[], respond: (key: string) => string): Subject {
  const run = () => {
    let length = 0;
    for (const key of keys) length += respond(key).length;
    return length;
  };
  const output = () => {
    const digest = new Digest();
    for (const key of keys) addResponse(respond(key), digest);
    return digest.toString();
  };
  return { name, run, output };
}

function makeKeys(): string[] {
  const random = new Random(4);
  return Array.from({ length: REQUESTS }, () => Buffer.from(random.bytes(16)).toString('base64'));
}

function expectResponses(keys: readonly string[]): string {
  const expected = new Digest();
  for (const key of keys) addResponse(expectedResponse(key), expected);
  return expected.toString();
}

const responseGroup: Group = {
  id: 'handshake/response',
  title: 'The whole response to an upgrade, from the key',
  notes: ['writeResponse: acceptKey and writeResponse; node:crypto: createHash and a template.'],
  pairs: [['writeResponse', 'node:crypto']],
  cases: [
    {
      label: '24',
      make() {
        const keys = makeKeys();
        const subjects = [
          makeResponseSubject('writeResponse', keys, makeResponder(keys[0]!)),
          makeResponseSubject('node:crypto', keys, expectedResponse),
        ];
        return { operations: REQUESTS, bytes: 0, expected: expectResponses(keys), subjects };
      },
    },
  ],
};

const upgradeGroup: Group = {
  id: 'handshake/upgrade',
  title: "A server's whole upgrade, from the parsed request of a browser",
  notes: [
    'response: checkRequest and writeResponse, written to the socket; wsimd, ws: handleUpgrade of a WebSocketServer, which also makes the WebSocket and emits connection.',
    'Sockets are Duplex streams that keep what is written. wsimd also checks Host, Connection, the version of HTTP and that there is no body.',
  ],
  pairs: [
    ['wsimd', 'ws'],
    ['response', 'ws'],
  ],
  cases: [
    {
      label: '24',
      make() {
        const keys = makeKeys();
        const subjects = [serverSubject(keys), responseSubject(keys), wsSubject(keys)];
        return { operations: REQUESTS, bytes: 0, expected: expectResponses(keys), subjects };
      },
    },
  ],
};

export const handshakeGroups: readonly Group[] = [responseGroup, upgradeGroup];
