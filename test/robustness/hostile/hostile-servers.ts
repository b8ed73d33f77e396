// Hostile servers, and options that no request can be made of, for our client.

import {
  createServer as createHttp2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { acceptKey } from '../../../src/handshake/accept-key.js';
import type { ClientOptions } from '../../../src/node/index.js';
import { Peer, stream, wire } from '../../support/frames/wire.js';
import type { Outcome } from './victims/client-victim.js';

export interface ServerScript {
  readonly name: string;
  /** What the server does, in one sentence. */
  readonly does: string;
  readonly options?: ClientOptions;
  readonly onSession?: boolean;
  start(): Promise<{ readonly port: number; stop(): void }>;
  /** @throws Error where the client did something that it must not */
  check?(outcome: Outcome): void;
}

const peer = new Peer('client');
/** The client does not wait for ever, whatever the server does. */
const TIMEOUT = 1500;
export const DEFAULTS: ClientOptions = { handshakeTimeout: TIMEOUT, closeTimeout: 1000, maxPayload: 1024 * 1024 };

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A TCP server that answers a request's head. */
function answering(answer: (socket: Socket, key: string, port: number) => void): ServerScript['start'] {
  return async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      let head = '';
      socket.on('data', (chunk) => {
        const isAnswered = head.includes('\r\n\r\n');
        head += chunk.toString('latin1');
        if (isAnswered || !head.includes('\r\n\r\n')) return;
        answer(socket, /Sec-WebSocket-Key: (.+)\r\n/i.exec(head)?.[1] ?? '', socket.localPort!);
      });
    });
    const port = await listen(server);
    const stop = () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    };
    return { port, stop };
  };
}

function switching(key: string, ...lines: readonly string[]): string {
  const accept = `Sec-WebSocket-Accept: ${acceptKey(key)}`;
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    accept,
    ...lines,
    '\r\n',
  ].join('\r\n');
}

/** Must not open. */
const mustFail = ({ isOpened, thrown }: Outcome): void => {
  if (isOpened) throw new Error('it opened');
  if (thrown !== undefined) throw new Error(`the constructor threw: ${thrown}`);
};
const raw = (
  name: string,
  does: string,
  bytes: string | Uint8Array | ((key: string, port: number) => string | Uint8Array),
  more: Partial<ServerScript> = {},
): ServerScript => ({
  ...{ name, does },
  start: answering((socket, key, port) =>
    socket.write(typeof bytes === 'function' ? bytes(key, port) : bytes, 'latin1'),
  ),
  ...more,
});
/** A good 101 and these bytes behind it. */
const behind = (name: string, does: string, bytes: Uint8Array, lines: readonly string[] = []): ServerScript =>
  raw(name, does, (key) => Buffer.concat([Buffer.from(switching(key, ...lines)), bytes]));

const redirecting = (name: string, does: string, location: (port: number) => string): ServerScript =>
  raw(name, does, (_key, port) => `HTTP/1.1 302 Found\r\nLocation: ${location(port)}\r\nContent-Length: 0\r\n\r\n`, {
    ...{ options: { followRedirects: true }, check: mustFail },
  });

const overHttp2 = (
  name: string,
  does: string,
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: Http2Session) => void,
  more: Partial<ServerScript> = {},
): ServerScript => ({
  ...{ name, does, onSession: true },
  start: async () => {
    const server = createHttp2Server({ settings: { enableConnectProtocol: true } });
    const sessions = new Set<Http2Session>();
    server.on('session', (session) => {
      sessions.add(session);
      session.on('error', () => {});
    });
    server.on('sessionError', () => {});
    server.on('stream', (one, headers) => {
      one.on('error', () => {});
      answer(one, headers, one.session!);
    });
    const port = await listen(server);
    const stop = () => {
      for (const session of sessions) session.destroy();
      server.close();
    };
    return { port, stop };
  },
  ...more,
});
const echoed = (stream: ServerHttp2Stream) => void stream.respond({ ':status': 200 });

/** Headers given to our client that make no good request: it must not send one. */
function withHeaders(name: string, headers: NonNullable<ClientOptions['headers']>, onSession: boolean): ServerScript {
  let wasAsked = false;
  const onStream = overHttp2(name, 'is never asked, as the request cannot be made of such headers', (one) => {
    wasAsked = true;
    echoed(one);
  });
  const answer = (socket: Socket, key: string) => {
    wasAsked = true;
    socket.write(switching(key));
  };
  return {
    ...onStream,
    ...(onSession ? {} : { onSession: false, start: answering(answer) }),
    options: { headers, handshakeTimeout: 500 },
    check: ({ thrown, errors }) => {
      if (wasAsked) throw new Error('the request was sent');
      if (thrown === undefined && errors.length === 0) throw new Error('neither an exception nor an `error` event');
    },
  };
}

/** A header that is about an HTTP/1.1 connection: the client leaves it out, and connects. */
function withConnectionHeader(name: string, header: string, value: string): ServerScript {
  let received: unknown;
  return overHttp2(
    name,
    `gets no \`${header}\``,
    (one, headers) => {
      received = headers[header.toLowerCase()];
      echoed(one);
    },
    {
      options: { headers: { [header]: value } },
      check: ({ isOpened }) => {
        if (!isOpened) throw new Error('it did not open');
        if (received !== undefined) throw new Error(`the server got ${header}: ${String(received)}`);
      },
    },
  );
}

/** Options that no client can be made of: the constructor throws, names the option and sends nothing. */
function withOptions(name: string, option: keyof ClientOptions, value: unknown): ServerScript {
  let wasAsked = false;
  return {
    ...{ name, does: `is never asked, as \`${option}\` is nonsense` },
    start: answering((socket, key) => {
      wasAsked = true;
      socket.write(switching(key));
    }),
    options: { handshakeTimeout: 500, [option]: value },
    check: ({ thrown }) => {
      if (wasAsked) throw new Error('the request was sent');
      if (thrown?.includes(option) !== true) throw new Error(`the constructor threw ${thrown}`);
    },
  };
}

export const SERVER_SCRIPTS: readonly ServerScript[] = [
  raw('wrong accept', 'answers 101 with the wrong Sec-WebSocket-Accept', () => switching('AAAAAAAAAAAAAAAAAAAAAA=='), {
    check: mustFail,
  }),
  raw(
    'no upgrade header',
    'answers 101 without Upgrade',
    (key) => switching(key).replace('Upgrade: websocket\r\n', ''),
    { check: mustFail },
  ),
  raw(
    'extension not offered',
    'agrees to an extension that nobody offered',
    (key) => switching(key, 'Sec-WebSocket-Extensions: x-evil'),
    { check: mustFail },
  ),
  raw(
    'window not offered',
    'agrees to a window of 99 bits',
    (key) => switching(key, 'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99'),
    { check: mustFail },
  ),
  raw(
    'subprotocol not offered',
    'chooses a subprotocol that nobody offered',
    (key) => switching(key, 'Sec-WebSocket-Protocol: evil'),
    { check: mustFail },
  ),
  raw('two accepts', 'sends two different accepts', (key) => switching(key, 'Sec-WebSocket-Accept: AAAA'), {
    check: mustFail,
  }),
  raw('header flood', 'answers with 5,000 headers', (key) =>
    switching(key, ...Array.from({ length: 5000 }, (_, i) => `X-${i}: y`)),
  ),
  raw('long header', 'answers with a header of 1 MB', (key) => switching(key, `X: ${'y'.repeat(1024 * 1024)}`), {
    check: mustFail,
  }),
  raw('no HTTP', 'answers with noise', Buffer.alloc(300, 0xff), { check: mustFail }),
  raw('status 000', 'answers with the status 000', 'HTTP/1.1 000 \r\n\r\n', { check: mustFail }),
  raw(
    'endless body',
    'answers 200 with a body that does not end',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'5\r\nhello\r\n'.repeat(1000)}`,
    { check: mustFail },
  ),
  raw('1xx flood', 'answers with 500 times 103', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(500), { check: mustFail }),
  raw(
    'bad chunks',
    'answers with a chunked body that is none',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    { check: mustFail },
  ),
  raw('silence', 'never answers', '', { check: mustFail }),
  raw('half a 101', 'sends half an answer and nothing more', (key) => switching(key).slice(0, 50), { check: mustFail }),
  {
    name: 'reset before the answer',
    does: 'resets instead of answering',
    start: answering((socket) => void socket.resetAndDestroy()),
    check: mustFail,
  },
  {
    ...{ name: 'reset in the 101', does: 'resets in the middle of its answer', check: mustFail },
    start: answering((socket, key) => void socket.write(switching(key).slice(0, 60), () => socket.resetAndDestroy())),
  },
  {
    ...{ name: 'reset behind the 101', does: 'resets right behind its answer' },
    start: answering((socket, key) => void socket.write(switching(key), () => socket.resetAndDestroy())),
  },
  {
    name: 'end behind the 101',
    does: 'ends its side right behind its answer',
    start: answering((socket, key) => void socket.end(switching(key))),
  },
  {
    name: 'end before the answer',
    does: 'ends its side instead of answering',
    start: answering((socket) => void socket.end()),
    check: mustFail,
  },
  redirecting('redirect loop', 'redirects to itself for ever', (port) => `http://127.0.0.1:${port}/`),
  {
    ...redirecting('redirect to a Unix socket', 'redirects to `ws+unix:`', () => 'ws+unix:/nowhere/wsimd.sock:/'),
    check: (outcome) => {
      mustFail(outcome);
      if (outcome.errors.some((error) => error.includes('ENOENT'))) throw new Error('it tried to connect there');
    },
  },
  redirecting('redirect to nonsense', 'redirects to what is no URL', () => 'http://[::bad'),
  redirecting('redirect to a file', 'redirects to `file:`', () => 'file:///etc/passwd'),
  behind('masked frames', 'sends masked frames', wire(new Peer('server').text('masked'))),
  behind('reserved bits', 'sends frames with every reserved bit', Buffer.alloc(64, 0xff)),
  behind('oversized', 'announces a message of 2^50 bytes', wire(peer.binary('', { claimed: 2n ** 50n }))),
  behind('no UTF-8', 'sends text that is no UTF-8', wire(peer.text([0xff, 0xfe]))),
  behind('Close of one byte', 'sends a Close of one byte', wire(peer.frame(8, [3]))),
  behind('ping flood', 'sends 5,000 pings', stream(...Array.from({ length: 5000 }, () => peer.ping('flood')))),
  behind(
    'empty messages',
    'sends 20,000 empty messages',
    stream(...Array.from({ length: 20_000 }, () => peer.text(''))),
  ),
  behind(
    'broken deflate',
    'sends a compressed message that is no deflate',
    wire(peer.frame(2, [0xff, 0xff, 0xff], { rsv: 4 })),
    ['Sec-WebSocket-Extensions: permessage-deflate'],
  ),
  overHttp2(
    'status 101 on a stream',
    'answers an extended CONNECT with 404',
    (one) => void one.respond({ ':status': 404 }, { endStream: true }),
    { check: mustFail },
  ),
  overHttp2('stream reset before the answer', 'resets the stream instead of answering', (one) => one.close(7), {
    check: mustFail,
  }),
  overHttp2('stream reset behind the answer', 'resets the stream right behind its answer', (one) => {
    echoed(one);
    setImmediate(() => one.close(2));
  }),
  overHttp2(
    'session destroyed before the answer',
    'destroys the session instead of answering',
    (_one, _headers, session) => session.destroy(),
    { check: mustFail },
  ),
  overHttp2(
    'session destroyed behind the answer',
    'destroys the session behind its answer',
    (one, _headers, session) => {
      echoed(one);
      setTimeout(() => session.destroy(), 20);
    },
  ),
  overHttp2('GOAWAY', 'sends GOAWAY and does not answer', (_one, _headers, session) => session.goaway(2), {
    check: mustFail,
  }),
  overHttp2(
    'end with the answer',
    'ends the stream with its answer',
    (one) => void one.respond({ ':status': 200 }, { endStream: true }),
  ),
  overHttp2(
    'bad extension over HTTP/2',
    'agrees to an extension that nobody offered',
    (one) => void one.respond({ ':status': 200, 'sec-websocket-extensions': 'x-evil' }),
    { check: mustFail },
  ),
  overHttp2('silence over HTTP/2', 'never answers an extended CONNECT', () => {}, { check: mustFail }),
  overHttp2('noise over HTTP/2', 'sends noise behind its answer', (one) => {
    echoed(one);
    one.write(Buffer.alloc(64, 0xff));
  }),
  withOptions('maxPayload NaN', 'maxPayload', Number.NaN),
  withOptions('handshakeTimeout NaN', 'handshakeTimeout', Number.NaN),
  withOptions('closeTimeout negative', 'closeTimeout', -1),
  withOptions('an unknown kernel', 'kernel', 'bogus'),
  withOptions('a window of 99 bits', 'perMessageDeflate', { clientMaxWindowBits: 99 }),
  withHeaders('CR LF in a header', { 'X-User': 'a\r\nb' }, false),
  withHeaders('a header name with a space', { 'a b': '1' }, false),
  withHeaders('CR LF in a header, HTTP/2', { 'X-User': 'a\r\nb' }, true),
  withHeaders('a header name with a space, HTTP/2', { 'a b': '1' }, true),
  withConnectionHeader('Keep-Alive, HTTP/2', 'Keep-Alive', 'timeout=5'),
  withConnectionHeader('TE, HTTP/2', 'TE', 'gzip'),
  withHeaders('two content types, HTTP/2', { 'content-type': ['a/b', 'c/d'] }, true),
  withHeaders('pseudo-headers, HTTP/2', { ':path': '/admin', ':authority': 'internal' }, true),
];
