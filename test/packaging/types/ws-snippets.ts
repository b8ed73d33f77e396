// Programs for `@types/ws`, a few lines each: every type, option, event and method that it declares, as programs use them. They
// name the package by a placeholder; types-matrix.test.ts compiles each with `ws` and with `wsimd/node`.

/** What each snippet may use, in ESM and in CommonJS. */
export const HEADER = `
  import WebSocket, { createWebSocketStream, WebSocketServer } from 'PACKAGE';
  import * as http from 'node:http';
  import * as https from 'node:https';
  import * as net from 'node:net';
  import type { Duplex } from 'node:stream';
  declare const socket: WebSocket;
  declare const server: WebSocketServer;
  void [WebSocket, createWebSocketStream, WebSocketServer, http, https, net, socket, server];
`;

const clientOptions = {
  protocol: "'x'",
  followRedirects: 'true',
  generateMask: '(mask: Buffer) => { mask.fill(1); }',
  handshakeTimeout: '1000',
  maxRedirects: '3',
  'perMessageDeflate, a boolean': 'false',
  perMessageDeflate:
    '{ serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 10, clientMaxWindowBits: 10, threshold: 1, concurrencyLimit: 2, zlibDeflateOptions: { flush: 1, finishFlush: 1, chunkSize: 1024, windowBits: 10, level: 3, memLevel: 7, strategy: 0, dictionary: Buffer.alloc(1), info: false }, zlibInflateOptions: { chunkSize: 1024 } }',
  localAddress: "'127.0.0.1'",
  protocolVersion: '13',
  headers: "{ a: 'b' } as { [key: string]: string }",
  origin: "'https://example.com'",
  agent: 'new http.Agent({ keepAlive: true })',
  host: "'example.com'",
  family: '4',
  checkServerIdentity: '(servername: string, cert: WebSocket.CertMeta) => servername.length + cert.length > 0',
  rejectUnauthorized: 'false',
  allowSynchronousEvents: 'true',
  autoPong: 'false',
  maxPayload: '1024',
  maxBufferedChunks: '1',
  maxFragments: '1',
  skipUTF8Validation: 'true',
  createConnection: 'net.createConnection',
  'createConnection, a function of its own': '(() => net.connect(1)) as typeof net.createConnection',
  finishRequest: '(request: http.ClientRequest, webSocket: WebSocket) => { webSocket.close(); request.end(); }',
  'finishRequest, untyped': '(request, webSocket) => { webSocket.once("open", () => {}); request.end(); }',
  ca: "'x'",
  cert: 'Buffer.alloc(1)',
  key: "'x'",
  pfx: 'Buffer.alloc(1)',
  passphrase: "'x'",
  minVersion: "'TLSv1.2'",
  undefined: 'undefined',
};

const requestOptions = {
  auth: "'a:b'",
  timeout: '1000',
  lookup: '(() => {}) as net.LookupFunction',
  socketPath: "'/tmp/x'",
  setHost: 'true',
  signal: 'new AbortController().signal',
  defaultPort: '80',
  maxHeaderSize: '1000',
};

const serverOptions = {
  host: "'::1'",
  port: '8080',
  backlog: '5',
  server: 'http.createServer()',
  'server, of TLS': 'https.createServer()',
  verifyClient:
    '({ origin, secure, req }: { origin: string; secure: boolean; req: http.IncomingMessage }) => secure || origin === req.headers.host',
  'verifyClient, untyped': '(info: any) => info.secure',
  'verifyClient, of two parameters':
    "({ req }, callback) => { callback(req.url === '/', 401, 'no', { 'www-authenticate': 'Basic' }); }",
  'verifyClient, async': "async ({ req }, callback) => { await 1; callback(req.url === '/'); }",
  'verifyClient, async, typed':
    "async (info: { origin: string; secure: boolean; req: http.IncomingMessage }, cb: (res: boolean, code?: number, message?: string) => void) => { cb(info.secure, 403, 'no'); }",
  'verifyClient, either':
    'undefined as WebSocket.VerifyClientCallbackSync | WebSocket.VerifyClientCallbackAsync | undefined',
  handleProtocols:
    '(protocols: Set<string>, request: http.IncomingMessage) => request.url === "/" ? [...protocols][0]! : false',
  'handleProtocols, untyped': "(protocols) => protocols.has('a') && 'a'",
  path: "'/ws'",
  noServer: 'true',
  allowSynchronousEvents: 'false',
  autoPong: 'true',
  clientTracking: 'false',
  perMessageDeflate: '{ zlibDeflateOptions: { level: 3 }, threshold: 10 }',
  'perMessageDeflate, a boolean': 'true',
  maxPayload: '1',
  maxBufferedChunks: '1',
  maxFragments: '1',
  skipUTF8Validation: 'true',
  WebSocket: 'class extends WebSocket { id = 1; }',
};

const nameOf = (key: string) => key.replace(/,.*/, '');
const each = (kind: string, options: Record<string, string>, write: (name: string, value: string) => string) =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [`${kind} ${key}`, write(nameOf(key), value)] as const),
  );

export const SNIPPETS: Readonly<Record<string, string>> = {
  ...each(
    'client option',
    clientOptions,
    (name, value) => `
      const options: WebSocket.ClientOptions = { ${name === 'undefined' ? 'origin' : name}: ${value} };
      void [new WebSocket('ws://x', options), new WebSocket('ws://x', 'a', { ${name === 'undefined' ? 'origin' : name}: ${value} }), new WebSocket(new URL('ws://x'), ['a'], options)];`,
  ),
  ...each(
    'request option',
    requestOptions,
    (name, value) => `
      const options: http.ClientRequestArgs = { ${name}: ${value} };
      void [new WebSocket('ws://x', options), new WebSocket('ws://x', ['a'], options), new WebSocket('ws://x', { ${name}: ${value} })];`,
  ),
  ...each(
    'server option',
    serverOptions,
    (name, value) => `
      const options: WebSocket.ServerOptions = { noServer: true, ${name === 'noServer' ? '' : `${name}: ${value}`} };
      void [new WebSocketServer(options), new WebSocket.Server({ ${name}: ${value} }, () => {}), new WebSocket.WebSocketServer(options)];`,
  ),
  'client constructors': `
    void [new WebSocket(null), new WebSocket('ws://x'), new WebSocket('ws://x', undefined, {}), new WebSocket.WebSocket('ws://x', [])];
    const create = (url: string | URL, protocols?: string | string[], options?: WebSocket.ClientOptions): WebSocket =>
      new WebSocket(url, protocols, options);
    void create;`,
  'a subclass of the client': `
    class Client extends WebSocket {
      isAlive = true;
      beat(): void { this.on('pong', () => { this.isAlive = true; }); }
      override close(code?: number, data?: string | Buffer): void { super.close(code, data); }
      override terminate(): void { super.terminate(); }
    }
    const server = new WebSocketServer<typeof Client>({ noServer: true, WebSocket: Client });
    server.on('connection', (client) => { client.isAlive = false; });
    for (const client of server.clients) void client.isAlive;`,
  'a subclass with options only': `
    class Client extends WebSocket {
      constructor(address: string, options?: WebSocket.ClientOptions) { super(address, options); }
    }
    void new Client('ws://x');`,
  'a subclass of the server': `
    class Mine extends WebSocket.Server {
      constructor(options?: WebSocket.ServerOptions, callback?: () => void) { super(options, callback); }
      override shouldHandle(request: http.IncomingMessage): boolean { return request.url === this.options.path; }
      override close(cb?: (err?: Error) => void): void { super.close(cb); }
    }
    class Later extends WebSocketServer {
      override async shouldHandle(request: http.IncomingMessage): Promise<boolean> { return super.shouldHandle(request); }
    }
    void [new Mine({ port: 1 }), new Later()];`,
  'a server of its own requests': `
    class Request extends http.IncomingMessage { user = 'x'; }
    const server = new WebSocketServer<typeof WebSocket, typeof Request>({ noServer: true, verifyClient: (info: { req: Request }) => info.req.user === 'x' });
    server.on('connection', (client, request) => { client.send(request.user); });
    server.on('headers', (headers, request) => { headers.push(request.user); });`,
  'server methods': `
    const address = server.address();
    if (address !== null && typeof address !== 'string') void (address.port + address.address.length + address.family.length);
    const info = server.address() as WebSocket.AddressInfo;
    server.close(); server.close((err) => err?.message); server.close((err?: Error) => { void err; });
    server.handleUpgrade({} as http.IncomingMessage, {} as Duplex, Buffer.alloc(0), (client, request) => {
      server.emit('connection', client, request);
    });
    http.createServer().on('upgrade', (request, socket, head) => {
      server.handleUpgrade(request, socket, head, function done(client: WebSocket) { client.send('x'); });
    });
    const handles: boolean | Promise<boolean> = server.shouldHandle({} as http.IncomingMessage);
    void [info, handles, server.path, server.options.maxPayload, server.options.server, server.options.WebSocket, server.clients.size];
    server.path = '/x';
    server.clients.forEach((client) => { if (client.readyState === WebSocket.OPEN) client.send('x'); });`,
  'server events': `
    const onConnection = (client: WebSocket, request: http.IncomingMessage): void => { client.send(request.url ?? ''); };
    for (const listen of ['on', 'once', 'off', 'addListener', 'removeListener'] as const) {
      void listen;
    }
    server.on('connection', onConnection).on('error', (error) => { void error.message; });
    server.once('connection', onConnection).once('headers', (headers, request) => { headers.push(request.url ?? ''); });
    server.off('connection', onConnection).off('close', () => {});
    server.addListener('connection', onConnection).addListener('listening', () => {});
    server.removeListener('connection', onConnection).removeListener('wsClientError', () => {});
    server.on('connection', function (client) { void this.clients.has(client); });
    server.on('close', function () { this.emit('x'); }).on('listening', () => {});
    server.on('wsClientError', (error: Error, socket: Duplex, request: http.IncomingMessage) => { socket.destroy(error); void request; });
    server.on('mine', (...args: unknown[]) => args.length).on(Symbol('x'), (text: string) => text.length);`,
  'client events': `
    socket.on('close', (code, reason) => { void [code.toFixed(), reason.toString()]; });
    socket.on('close', function (code: number, reason: Buffer) { this.terminate(); void [code, reason]; });
    socket.on('error', (error) => { void error.stack; }).on('error', console.error);
    socket.on('upgrade', (response) => { void response.headers; }).on('open', () => {});
    socket.on('message', (data, isBinary) => { socket.send(data, { binary: isBinary }); });
    socket.on('message', (data: WebSocket.RawData) => { void data.toString(); }).on('message', (data: WebSocket.Data) => { void data; });
    socket.on('message', async (data) => { void JSON.parse(data.toString()); });
    socket.on('message', (data: Buffer, isBinary: boolean) => { void [data.length, isBinary]; });
    socket.on('message', (data: string) => { void data.length; });
    socket.on('ping', (data) => { void data.length; }).on('pong', (data: Buffer) => { void data; });
    socket.on('redirect', (url, request) => { request.setHeader('a', url); });
    socket.on('unexpected-response', (request, response) => { request.destroy(); void response.statusCode; });
    const onMessage = (data: WebSocket.RawData, isBinary: boolean): void => { void [data, isBinary]; };
    socket.once('message', onMessage).off('message', onMessage).addListener('message', onMessage).removeListener('message', onMessage);
    socket.once('open', function () { this.send('x'); }).once('mine', (value: number) => value).removeAllListeners('mine');
    socket.emit('mine', 1); void socket.listenerCount('message');`,
  'what is sent': `
    declare const data: WebSocket.Data;
    for (const value of ['x', 1, Buffer.alloc(1), new Uint8Array(1), new Uint16Array(1), new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), [1, 2]]) socket.send(value);
    socket.send(new SharedArrayBuffer(1)); socket.send([Buffer.alloc(1)]); socket.send(new String('x')); socket.send({ valueOf: () => 'x' });
    socket.send({ valueOf: () => new Uint8Array(1) }); socket.send({ valueOf: () => [1] }); socket.send({ [Symbol.toPrimitive]: () => 'x' });
    socket.send(data); socket.send(data as WebSocket.RawData); socket.send([] as any[]); socket.send({} as any);
    socket.send('x', (err) => { void err?.message; }); socket.send('x', (err?: Error) => { void err; }); socket.send('x', undefined);
    socket.send('x', { mask: true, binary: false, compress: true, fin: true }); socket.send('x', { binary: undefined }, (err) => { void err; });
    const done = (err?: Error): void => { void err; };
    socket.send('x', done); socket.ping('x', true, done); socket.pong('x', false, done);
    const failed = (err: Error): void => { void err.message; };
    socket.ping('x', true, failed); socket.pong(Buffer.alloc(1), undefined, failed);
    socket.ping(); socket.ping(undefined, true); socket.ping({} as any); socket.pong(); socket.ping(1); socket.ping(() => {});
    const promised = new Promise<void>((resolve, reject) => socket.send('x', (err) => (err ? reject(err) : resolve())));
    void promised;`,
  'methods and properties': `
    socket.close(); socket.close(1000); socket.close(1000, 'x'); socket.close(1000, Buffer.from('x')); socket.terminate(); socket.pause(); socket.resume();
    socket.binaryType = 'nodebuffer'; socket.binaryType = 'arraybuffer'; socket.binaryType = 'fragments';
    const type: 'nodebuffer' | 'arraybuffer' | 'fragments' = socket.binaryType;
    const texts: string[] = [socket.extensions, socket.protocol, socket.url];
    const state: 0 | 1 | 2 | 3 = socket.readyState;
    const states: [0, 1, 2, 3] = [socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED];
    const statics: [0, 1, 2, 3] = [WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED];
    void [type, texts, state, states, statics, socket.bufferedAmount + 1, socket.isPaused === true];`,
  'event handlers': `
    socket.onopen = (event) => { event.target.send(event.type); };
    socket.onmessage = ({ data, target, type }) => { if (typeof data === 'string') target.send(data + type); };
    socket.onclose = ({ code, reason, wasClean }) => { void [code.toFixed(), reason.length, wasClean === true]; };
    socket.onerror = ({ error, message }) => { void [error.stack, message.length]; };
    socket.onopen = null; socket.onmessage = null; socket.onclose = () => {}; socket.onerror = null;
    socket.onmessage = (event: WebSocket.MessageEvent): void => { void event.data; };
    socket.onclose = (event: WebSocket.CloseEvent) => event.code;
    socket.onerror = (event: WebSocket.ErrorEvent) => event.error.code;
    socket.onopen = (event: WebSocket.Event) => event.target;
    socket.onmessage = async (event) => { void JSON.parse(event.data.toString()); };
    const handler = socket.onmessage;
    declare const event: WebSocket.MessageEvent;
    handler?.(event); socket.onopen?.(event);`,
  'event listeners': `
    const options: WebSocket.EventListenerOptions = { once: true };
    socket.addEventListener('open', ({ target }) => { target.close(); }, options);
    socket.addEventListener('message', (event) => { void event.data; }, { once: undefined });
    socket.addEventListener('message', { handleEvent(event) { void event.data; } });
    socket.addEventListener('close', ({ code }) => code); socket.addEventListener('error', ({ error, message }) => [error, message]);
    const listener = (event: WebSocket.MessageEvent): void => { void event; };
    socket.addEventListener('message', listener); socket.removeEventListener('message', listener);
    function listen<K extends keyof WebSocket.WebSocketEventMap>(type: K, handler: (event: WebSocket.WebSocketEventMap[K]) => void): void {
      socket.addEventListener(type, handler); socket.removeEventListener(type, { handleEvent: handler });
    }
    listen('message', ({ data }) => { void data; });`,
  'types of the namespace': `
    const meta: WebSocket.CertMeta[] = ['x', ['x'], Buffer.alloc(1), [Buffer.alloc(1)]];
    const raw: WebSocket.RawData[] = [Buffer.alloc(1), new ArrayBuffer(1), [Buffer.alloc(1)]];
    const data: WebSocket.Data[] = ['x', ...raw];
    const sync: WebSocket.VerifyClientCallbackSync = (info) => info.secure && info.origin !== '' && info.req.url === '/';
    const sync2: WebSocket.VerifyClientCallbackSync<http.IncomingMessage> = () => true;
    const later: WebSocket.VerifyClientCallbackAsync = (info, callback) => { callback(info.secure, 401, 'no', {}); };
    const later2: WebSocket.VerifyClientCallbackAsync<http.IncomingMessage> = async ({ req }, callback) => { callback(req.url === '/'); };
    const finish: WebSocket.FinishRequestCallback = (request, webSocket) => { webSocket.ping(); request.end(); };
    const deflate: WebSocket.PerMessageDeflateOptions = { threshold: 1, zlibInflateOptions: {} };
    const typed: WebSocket.ServerOptions<typeof WebSocket, typeof http.IncomingMessage> = { port: 1 };
    const servers: [WebSocket.Server, WebSocket.WebSocketServer, WebSocket.Server<typeof WebSocket, typeof http.IncomingMessage>] = [server, server, server];
    const sockets: [WebSocket.WebSocket, InstanceType<typeof WebSocket>] = [socket, socket];
    class Sub extends WebSocket.WebSocket {}
    class SubServer extends WebSocket.WebSocketServer {}
    void [meta, data, sync, sync2, later, later2, finish, deflate, typed, servers, sockets, Sub, SubServer, socket instanceof WebSocket];
    const state: typeof WebSocket.OPEN = 1; void state;`,
  streams: `
    const duplex: Duplex = createWebSocketStream(socket);
    createWebSocketStream(socket, { encoding: 'utf8', decodeStrings: false, highWaterMark: 1, readableObjectMode: true }).pipe(duplex);
    WebSocket.createWebSocketStream(socket);`,
  'functions that ask for ws': `
    type Peer = import('ws').WebSocket;
    type PeerServer = import('ws').WebSocketServer;
    const take = (socket: Peer, server: PeerServer): void => { server.clients.add(socket); };
    take(socket, server);
    const heartbeat = (client: Peer): void => client.ping();
    server.on('connection', heartbeat); server.clients.forEach(heartbeat);
    const list: Peer[] = [...server.clients];
    const stream = import('ws').then((ws) => ws.createWebSocketStream(socket));
    void [list, stream];`,
  'named types': `
    import { Server, type AddressInfo, type CertMeta, type ClientOptions, type CloseEvent, type Data, type ErrorEvent, type Event,
      type EventListenerOptions, type FinishRequestCallback, type MessageEvent, type PerMessageDeflateOptions, type RawData,
      type ServerOptions, type VerifyClientCallbackAsync, type VerifyClientCallbackSync, type WebSocketEventMap } from 'PACKAGE';
    export type All = [AddressInfo, CertMeta, ClientOptions, CloseEvent, Data, ErrorEvent, Event, EventListenerOptions,
      FinishRequestCallback, MessageEvent, PerMessageDeflateOptions, RawData, ServerOptions, VerifyClientCallbackAsync,
      VerifyClientCallbackSync, WebSocketEventMap];
    void new Server({ noServer: true });`,
  'generic servers': `
    import { Server } from 'PACKAGE';
    class Mine extends WebSocket { readonly mine = 1; }
    class Asked extends http.IncomingMessage { readonly asked = 1; }
    const one: Server<typeof Mine> = new Server<typeof Mine>({ WebSocket: Mine, noServer: true });
    one.on('connection', (socket) => { const mine: number = socket.mine; void mine; });
    const two: Server<typeof Mine, typeof Asked> = new Server<typeof Mine, typeof Asked>({ WebSocket: Mine, noServer: true });
    void two;`,
};

/** Forms that only CommonJS has. */
export const COMMONJS_SNIPPETS: Readonly<Record<string, string>> = {
  'import of require': `
    import Required = require('PACKAGE');
    const again: Required = new Required('ws://x'); const other = new Required.Server({ port: 1 });
    const listener = (data: Required.RawData): void => { void [data, other, again]; }; void listener;`,
  'import of everything': `
    import * as everything from 'PACKAGE';
    const one: everything.WebSocket = new everything.WebSocket('ws://x');
    const options: everything.ServerOptions = { port: 1 }; void [one, options, new everything.Server(options)];`,
};

/** With packages that ask for a server or a socket of ws. */
export const DEPENDENT_SNIPPETS: Readonly<Record<string, string>> = {
  'graphql-ws': `
    import { useServer } from 'graphql-ws/use/ws';
    import type { GraphQLSchema } from 'graphql';
    declare const schema: GraphQLSchema;
    useServer({ schema, onConnect: ({ extra }) => { extra.socket.ping(); } }, server);
    useServer({ schema }, new WebSocketServer({ port: 1, path: '/graphql' }));`,
};

/** What must not compile. */
export const WRONG: Readonly<Record<string, string>> = {
  'no such option': "new WebSocketServer({ noServer: true, pathh: '/' });",
  'not a message': 'socket.send(() => {});',
  'no such event object': "socket.addEventListener('mesage', () => {});",
};
