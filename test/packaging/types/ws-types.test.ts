// The types of `wsimd/node` in place of `@types/ws`: a program that is written for those compiles with ours, by the compiler of
// today and by one that cannot read all that a newer one writes.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';
import { installPackage, type Project } from '../installed.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

let project: Project;
beforeAll(() => {
  project = installPackage();
  symlinkSync(join(ROOT, 'node_modules', '@types'), join(project.directory, 'node_modules', '@types'));
}, 180_000);
afterAll(() => project?.dispose());

/** All names that `@types/ws` has, each used as programs use it. */
const program = (from: string) => `
  import { IncomingMessage, createServer, type ClientRequestArgs } from 'node:http';
  import type { Duplex } from 'node:stream';
  import WebSocket, { createWebSocketStream, Server, WebSocketServer, WebSocket as Named } from '${from}';
  import type {
    AddressInfo, CertMeta, ClientOptions, CloseEvent, Data, ErrorEvent, Event, EventListenerOptions, FinishRequestCallback,
    MessageEvent, PerMessageDeflateOptions, RawData, ServerOptions, VerifyClientCallbackAsync, VerifyClientCallbackSync,
    WebSocketEventMap,
  } from '${from}';

  // Callbacks, as they are written down before they are handed over.
  const sent: (err?: Error) => void = (err) => console.log(err?.message);
  const pinged: (err: Error) => void = (err) => console.log(err.message);
  export function send(socket: WebSocket, data: WebSocket.Data): void {
    socket.send('x', sent);
    socket.send(Buffer.alloc(1), { binary: true, compress: false, fin: true, mask: false }, sent);
    socket.send('x', (error) => error?.message);
    socket.ping('x', true, pinged);
    socket.pong(Buffer.alloc(1), false, sent);
    socket.ping();
    if (typeof data === 'string') socket.send(data);
    else if (Array.isArray(data)) for (const part of data) socket.send(part);
    else socket.send(data);
    new WebSocketServer({ noServer: true }).close(sent);
  }

  // Event objects, without parameters.
  export function listen(socket: Named): void {
    const onOpen = ({ type, target }: Event): void => target.send(type);
    const onMessage = ({ data }: MessageEvent): number => (typeof data === 'string' ? data.length : 0);
    const onClose = (event: CloseEvent): string => \`\${event.code} \${event.reason} \${event.wasClean}\`;
    const onError = (event: ErrorEvent): string => event.message;
    const once: EventListenerOptions = { once: true };
    socket.addEventListener('open', onOpen, once);
    socket.addEventListener('message', onMessage);
    socket.addEventListener('close', onClose);
    socket.addEventListener('error', { handleEvent: onError });
    socket.onopen = onOpen;
    socket.onmessage = onMessage;
    socket.onclose = onClose;
    socket.onerror = onError;
    socket.onmessage = null;
    socket.removeEventListener('close', onClose);
    socket.on('message', (data: WebSocket.RawData, isBinary: boolean) => [data.toString(), isBinary]);
    socket.on('message', function (data) { this.send(data); });
    socket.once('close', (code: number, reason: Buffer) => reason.toString('utf8', 0, code));
    socket.off('error', (error: Error) => error.stack);
  }
  export type Map = [WebSocketEventMap['message'], WebSocket.WebSocketEventMap['close'], WebSocket.MessageEvent, WebSocket.Event];

  // Servers and their options.
  const sync: VerifyClientCallbackSync = ({ origin, secure, req }) => secure || origin === req.headers.host;
  const later: VerifyClientCallbackAsync<IncomingMessage> = ({ req }, done) => done(req.url === '/', 401, 'no', { 'x-a': '1' });
  const first: WebSocket.VerifyClientCallbackSync = sync;
  const second: WebSocket.VerifyClientCallbackAsync = later;
  const deflate: PerMessageDeflateOptions = { threshold: 1, zlibDeflateOptions: { level: 1 }, clientMaxWindowBits: 10 };
  export const options: ServerOptions = {
    port: 0, host: '::', path: '/', backlog: 1, clientTracking: true, maxPayload: 1, perMessageDeflate: deflate,
    verifyClient: Math.random() > 0.5 ? first : second,
    handleProtocols: (protocols: Set<string>, request) => (request.url === '/' ? [...protocols][0]! : false),
  };
  class Mine extends WebSocket { readonly name = 'mine'; }
  class Request extends IncomingMessage { readonly id = 1; }
  export class MyServer extends WebSocket.Server<typeof Mine, typeof Request> {}
  export const inline = new WebSocketServer({ noServer: true, verifyClient: (info, done) => done(info.secure) });
  export const given = new Server<typeof Mine>({ server: createServer(), WebSocket: Mine }, () => {});
  given.on('connection', function (socket, request) { this.emit('x', socket.name, request.url); });
  given.on('headers', (headers: string[], request: IncomingMessage) => headers.push(request.url ?? ''));
  given.on('error', (error: Error) => error.message);
  given.on('wsClientError', (error: Error, socket: Duplex) => socket.destroy(error));
  export const clients: Set<WebSocket> = inline.clients;
  export function serve(server: WebSocket.Server, same: WebSocketServer, also: WebSocket.WebSocketServer): number {
    const address = server.address() as AddressInfo;
    const again: WebSocket.AddressInfo = address;
    same.handleUpgrade({} as IncomingMessage, {} as Duplex, Buffer.alloc(0), (client: WebSocket, request: IncomingMessage) => {
      also.emit('connection', client, request);
    });
    return again.port + address.address.length + address.family.length;
  }
  // Without options it throws; the types let it be.
  export const make = (): WebSocketServer => new WebSocketServer();

  // Clients and their options.
  const finish: FinishRequestCallback = (request, socket) => { request.end(); socket.terminate(); };
  const finishToo: WebSocket.FinishRequestCallback = finish;
  export const clientOptions: ClientOptions = {
    headers: { a: 'b' }, origin: 'x', handshakeTimeout: 1, followRedirects: true, maxRedirects: 1, protocolVersion: 13,
    rejectUnauthorized: false, ca: 'x', finishRequest: finishToo, maxPayload: 1, perMessageDeflate: true,
    generateMask(mask: Buffer) { mask.fill(1); },
  };
  const requestArgs: ClientRequestArgs = { timeout: 1, headers: {}, agent: false };
  const certificate: CertMeta | WebSocket.CertMeta = 'x';
  export const connect = (url: string): WebSocket[] => [
    new WebSocket(url), new WebSocket(url, clientOptions), new WebSocket(url, ['a'], clientOptions), new WebSocket(url, 'a'),
    new WebSocket(url, requestArgs), new WebSocket(url, undefined, requestArgs), new WebSocket(new URL(url)), new WebSocket(null),
    new WebSocket(url, { ca: certificate }), new WebSocket.WebSocket(url),
  ];
  export const stream = (socket: WebSocket.WebSocket): Duplex => createWebSocketStream(socket, { encoding: 'utf8' });
  export const states: [0, 1, 2, 3] = [WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED];
  export const raw = (data: RawData): Data => data;
  export const all: WebSocket.ServerOptions | WebSocket.ClientOptions | WebSocket.PerMessageDeflateOptions = deflate;

  // @ts-expect-error no such option
  new WebSocketServer({ noServer: true, pathh: '/' });
  // @ts-expect-error not a message
  new WebSocket('ws://localhost').send(() => {});
`;

const OPTIONS = [
  '--noEmit',
  '--strict',
  '--target',
  'es2022',
  '--lib',
  'es2023',
  '--types',
  'node',
  '--esModuleInterop',
];

/** Runs a compiler in the project. Returns all that it wrote: nothing, if all is well. */
function compile(compiler: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const all = [compiler, ...OPTIONS, ...args];
    execFile(process.execPath, all, { cwd: project.directory }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

const today = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

const NODENEXT = ['--module', 'nodenext', '--moduleResolution', 'nodenext'];

/** `@types/ws` has all its names in CommonJS only. */
const PROGRAMS = [
  ['ws', 'cts'],
  ['wsimd/node', 'ts'],
  ['wsimd/node', 'cts'],
] as const;

function compilesWith(compiler: string, programs: readonly (readonly [string, string])[], ...more: string[]): void {
  it.each(programs)(
    'takes a program that is written for @types/ws: of %s, as .%s',
    async (from, extension) => {
      const file = project.write(`for-${from.replace('/', '-')}.${extension}`, program(from));
      expect(await compile(compiler, [...NODENEXT, ...more, file])).toBe('');
    },
    60_000,
  );

  it('takes the types of every entry', async () => {
    const entries = ['', '/node', '/deflate', '/handshake', '/web', '/bufferutil', '/utf-8-validate'];
    const lines = entries.map((entry, i) => `export * as e${i} from 'wsimd${entry}';`);
    const file = project.write('entries.ts', lines.join('\n'));
    expect(await compile(compiler, [...NODENEXT, ...more, '--lib', 'es2023,dom', file])).toBe('');
  }, 60_000);
}

describe('the compiler of today', () => compilesWith(today, PROGRAMS));

const older = findRuntime('typescript-5.4');
// Its own library has a Uint8Array without a parameter, and an import of ESM from CommonJS is an error to it.
describeWith('typescript-5.4', older !== undefined, () => compilesWith(older!, PROGRAMS.slice(0, 2), '--skipLibCheck'));

it('no type has an export whose name is a string: TypeScript before 5.6 reads none', () => {
  const folder = join(project.directory, 'node_modules', 'wsimd', 'build');
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.d.ts'));
  expect(files.length).toBeGreaterThan(50);
  const wrong = files.filter((name) =>
    /\bas\s+['"]|^export \* as ['"]/m.test(readFileSync(join(folder, name), 'utf8')),
  );
  expect(wrong).toEqual([]);
});

it.each([
  ['wsimd/node', 'typeof value === "function" && value === value.WebSocket && typeof value.Server'],
  ['wsimd/utf-8-validate', 'typeof value'],
])(
  'what require gives of %s is what that of its peer gives, on a Node that lets a module say so',
  async (name, what) => {
    const node = findRuntime('node-26');
    if (node === undefined) return;
    const file = project.write('required.cjs', `const value = require('${name}'); process.stdout.write(${what});`);
    const output = await new Promise((resolve) => {
      execFile(node, [file], { cwd: project.directory }, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
    expect(output).toBe('function');
  },
);
