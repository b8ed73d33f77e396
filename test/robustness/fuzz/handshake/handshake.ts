// Fuzzes the opening handshake, both roles: heads that are right, nearly right and hostile, cut anywhere, against a reference that
// is as plain as can be (reference-handshake.ts), and requests against the server of `ws` too, which must accept what we do.

import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import {
  checkRequest,
  checkResponse,
  createRequest,
  encodeLatin1,
  HeadReader,
  parseExtensions,
  parseRequestHead,
  parseResponseHead,
} from '../../../../src/handshake/index.js';
import { ProtocolError } from '../../../../src/index.js';
import { createRandom } from '../../../support/inputs/random.js';
import { referenceExtensions, referenceRequest, referenceResponse } from './reference-handshake.js';

export interface HandshakeCase {
  readonly role: 'server' | 'client' | 'extensions';
  /** The head, or the value of the header; each character is a byte. */
  readonly text: string;
  readonly cut: number;
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const EXTENSIONS = [
  'permessage-deflate',
  'permessage-deflate; client_max_window_bits',
  'permessage-deflate; server_max_window_bits=10, x-other; a="b c"',
  'a; b="c\\d" ; e = f',
  ', ,foo,, bar;x',
  'permessage-deflate; server_no_context_takeover; client_max_window_bits="15"',
  'a;=b',
  '"a"',
];
const REQUEST_LINES = [
  ['GET /chat HTTP/1.1', 'POST / HTTP/1.1', 'GET / HTTP/1.0', 'GET  / HTTP/1.1', 'get / HTTP/1.1', 'GET * HTTP/1.1'],
  ['Host: example.com', 'Host: example.com:80', 'Host:', 'Host: a b', 'host : x', 'HOST: [::1]'],
  ['Upgrade: websocket', 'Upgrade: WebSocket', 'Upgrade: h2c, websocket', 'Upgrade: websocket2', 'upgrade:websocket'],
  ['Connection: Upgrade', 'Connection: keep-alive, Upgrade', 'Connection: close', 'connection:\tupgrade\t'],
  [
    `Sec-WebSocket-Key: ${KEY}`,
    `Sec-WebSocket-Key:  ${KEY} `,
    'Sec-WebSocket-Key: short',
    `Sec-WebSocket-Key: ${KEY}=`,
  ],
  ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 8', 'Sec-WebSocket-Version: 13, 8', 'sec-websocket-version:13'],
];
const RESPONSE_LINES = [
  [
    'HTTP/1.1 101 Switching Protocols',
    'HTTP/1.1 101 ',
    'HTTP/1.1 200 OK',
    'HTTP/1.0 101 x',
    'HTTP/1.1 1010 x',
    'HTTP/1.1 101',
  ],
  ['Upgrade: websocket', 'Upgrade: WEBSOCKET', 'Upgrade: x'],
  ['Connection: Upgrade', 'Connection: upgrade, x', 'Connection: x'],
  [`Sec-WebSocket-Accept: ${ACCEPT}`, `Sec-WebSocket-Accept: ${ACCEPT.toLowerCase()}`, 'Sec-WebSocket-Accept:'],
];
const MORE = [
  'X-A: b',
  'Origin: http://example.com',
  'X-Empty:',
  'Content-Length: 0',
  'Content-Length: 5',
  'X-High: \xe9\xff',
];
const PROTOCOLS = ['Sec-WebSocket-Protocol: a, b', 'Sec-WebSocket-Protocol: a', 'Sec-WebSocket-Protocol: a, a'];
const BYTES = [
  '\r',
  '\n',
  '\0',
  ':',
  ' ',
  '\t',
  ',',
  ';',
  '"',
  '=',
  '\\',
  'a',
  '\x7f',
  '\xe9',
  '\r\n',
  '\r\n\r\n',
  '(',
  '/',
];

/** The case of a seed: the same in every run. */
export function generateHandshake(seed: number): HandshakeCase {
  const random = createRandom(seed);
  const below = (limit: number) => random() % limit;
  const pick = <T>(values: readonly T[]) => values[below(values.length)]!;
  const role = pick(['server', 'server', 'client', 'extensions'] as const);
  let text: string;
  if (role === 'extensions') {
    text = Array.from({ length: 1 + below(3) }, () => pick(EXTENSIONS)).join(pick([',', ', ', ' ,\t']));
  } else {
    // Mostly the right line; what is wrong in a head should be one thing.
    const right = below(3) === 0;
    const lines = (role === 'server' ? REQUEST_LINES : RESPONSE_LINES).map((choices) =>
      right || below(8) > 0 ? choices[0]! : pick(choices),
    );
    for (let i = below(4); i > 0; i--) {
      const extra =
        below(3) === 0
          ? `Sec-WebSocket-Extensions: ${pick(EXTENSIONS)}`
          : below(2) === 0
            ? pick(PROTOCOLS)
            : pick(MORE);
      lines.splice(1 + below(lines.length), 0, extra);
    }
    if (below(10) === 0) lines.splice(1 + below(lines.length - 1), 1);
    if (below(10) === 0) lines.push(lines[1 + below(lines.length - 1)]!);
    text = `${lines.join('\r\n')}\r\n\r\n`;
  }
  if (below(2) === 0) {
    for (let i = 1 + below(2); i > 0; i--) {
      const at = below(text.length + 1);
      text = text.slice(0, at) + (below(3) === 0 ? '' : pick(BYTES)) + text.slice(at + below(2));
    }
  }
  return { role, text, cut: below(text.length + 1) };
}

/** @returns what differs; undefined where all agree */
export function checkHandshake({ role, text, cut }: HandshakeCase): string | undefined {
  if (role === 'extensions') return compare('extensions', ourExtensions(text), referenceExtensions(text));
  const bytes = encodeLatin1(text);
  // Whole and in two pieces; a head that does not end in them is no case for the judge.
  const whole = readHead(bytes, bytes.length);
  const pieces = readHead(bytes, cut);
  const problem = compare('cut in two', pieces.outcome, whole.outcome);
  if (problem !== undefined) return problem;
  const { head } = whole;
  if (head === undefined) return undefined;
  const ours = role === 'server' ? judgeRequest(head) : judgeResponse(head);
  const theirs =
    role === 'server' ? referenceRequest(decodeLatin1(head)) : referenceResponse(decodeLatin1(head), ACCEPT);
  return (
    compare(role, ours, theirs) ??
    (role === 'server' && ours === 'accepted' && !isAcceptedByWs(decodeLatin1(head)) ? 'ws refuses it' : undefined)
  );
}

function compare(what: string, ours: string, theirs: string): string | undefined {
  return ours === theirs ? undefined : `${what}: ${ours}, not ${theirs}`;
}

function ourExtensions(text: string): string {
  return outcomeOf(() => JSON.stringify(parseExtensions(text).map(({ name, parameters }) => [name, ...parameters])));
}

function readHead(bytes: Uint8Array, cut: number): { head?: Uint8Array; outcome: string } {
  const reader = new HeadReader();
  try {
    const received = reader.push(bytes.subarray(0, cut)) ?? reader.push(bytes.subarray(cut));
    if (received === undefined) return { outcome: 'no end' };
    return { head: received.head, outcome: `${received.head.length}` };
  } catch (error) {
    return { outcome: nameOf(error) };
  }
}

function judgeRequest(head: Uint8Array): string {
  return outcomeOf(() => (checkRequest(parseRequestHead(head), { origin: 'any' }).ok ? 'accepted' : 'refused'));
}

/** Of our request with a known key, which offers nothing. */
const asked = { ...createRequest({ url: 'ws://example.com/' }), key: KEY };

function judgeResponse(head: Uint8Array): string {
  return outcomeOf(() => (checkResponse(parseResponseHead(head), asked).ok ? 'accepted' : 'refused'));
}

/** Each byte a character. */
function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** A ProtocolError is a refusal; anything else is a fault. */
function outcomeOf(work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof ProtocolError) return 'refused';
    throw error;
  }
}

function nameOf(error: unknown): string {
  if (error instanceof ProtocolError) return error.code;
  throw error;
}

const wsServer = new WebSocketServer({ noServer: true });

/** Whether `ws` accepts a request, its headers as node:http gives them. */
function isAcceptedByWs(head: string): boolean {
  const [startLine = '', ...lines] = head.replace(/^\r\n/, '').slice(0, -4).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  // It takes one token only; RFC 6455 section 4.2.1 says that the header includes it.
  if (/(^|[,\s])websocket([,\s]|$)/i.test(headers.upgrade ?? '')) headers.upgrade = 'websocket';
  // It refuses headers that are there and empty, which RFC 9110 section 5.6.1 has a list be.
  for (const name of ['sec-websocket-protocol', 'sec-websocket-extensions']) {
    headers[name] = (headers[name] ?? '').replace(/^[,\s]+|[,\s]+$/g, '').replace(/[,\s]*,[,\s]*/g, ', ');
    if (headers[name] === '') delete headers[name];
  }
  const [method = '', url = ''] = startLine.split(' ');
  const socket = Object.assign(new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }), {
    setTimeout: () => {},
    setNoDelay: () => {},
  });
  const request = Object.assign(new EventEmitter(), { method, url, headers, socket }) as object as IncomingMessage;
  let isAccepted = false;
  wsServer.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
    isAccepted = true;
    webSocket.on('error', () => {});
    webSocket.terminate();
  });
  socket.destroy();
  return isAccepted;
}

/** Cases that are smaller in one respect. */
export function smallerHandshake(fuzzCase: HandshakeCase): HandshakeCase[] {
  const { text } = fuzzCase;
  const smaller: HandshakeCase[] = [];
  if (fuzzCase.cut !== 0) smaller.push({ ...fuzzCase, cut: 0 });
  for (let length = text.length >> 1; length >= 1; length >>= 1) {
    for (let from = 0; from + length <= text.length; from += length) {
      smaller.push({ ...fuzzCase, text: text.slice(0, from) + text.slice(from + length), cut: 0 });
    }
  }
  return smaller;
}

export function formatHandshake(fuzzCase: HandshakeCase, note: string): string {
  return JSON.stringify({ target: 'handshake', note, ...fuzzCase });
}
