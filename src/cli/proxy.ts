// `wsimd proxy`: relays WebSocket connections to a server and shows what passes. It puts options, endpoint and output together;
// what is relayed and how is for proxy/; frames are inspected in a thread, proxy/watch/thread.ts.

import type { AddressInfo, Server } from 'node:net';
import type { Sender } from '../capture/tcp-connections.js';
import { createRequest } from '../handshake/index.js';
import { FEED_PATH, INSPECTOR_PATH } from '../page/inspector/feed-protocol.js';
import { rethrowUnless } from '../protocol/rethrow-unless.js';
import { CLIENT_OPTIONS, readClientOptions } from './client/client-options.js';
import { type Command, CommandError, parseDuration, parseInteger, parseOptions, UsageError } from './command.js';
import { Console } from './connect/console.js';
import { InputError } from './connect/input-line.js';
import { writeErrorText } from './files.js';
import { DEFAULT_JSON_BYTES, DEFAULT_TEXT_BYTES, MAX_BYTES, payloadOf } from './inspect/payload-option.js';
import { interrupted } from './interruption.js';
import { authorityOf, listen } from './listening.js';
import { CONTROL_HELP, Controls } from './proxy/controls.js';
import { Endpoint } from './proxy/endpoint.js';
import { Recorder } from './proxy/recorder.js';
import type { RequestChanges } from './proxy/request.js';
import type { Answer } from './proxy/watch/messages.js';
import { Watcher } from './proxy/watch/watcher.js';
import { AllowedHosts, isLoopback } from './serve/allowed-hosts.js';
import { hexOf, printable } from './terminal.js';

const DEFAULT_PORT = 8081;
const DEFAULT_HOST = '127.0.0.1';
const MAX_COUNT = 2 ** 31;

export const command: Command = {
  help: `wsimd proxy: relays WebSocket connections to a server, and shows every frame

Usage: wsimd proxy [options] ws://TARGET|wss://TARGET

Connect your client to the address that it prints. Without a path in TARGET, the
path that the client asks for is kept. Frames pass byte for byte and are read
beside that, never altered; what breaks a rule is marked with its byte.

Options:
  --port N              the port to listen on; 0: any that is free. Default ${DEFAULT_PORT}
  --host ADDRESS        the address to listen on. Default ${DEFAULT_HOST}
  --expose              listen on an address that is not of this machine alone
  --allow-host HOST[:PORT]
                        relay requests for this Host too; several times too
  --allow-origin ORIGIN relay for pages of this origin too, '*' for any; default:
                        pages of this machine
  --keep-host           send the client's Host on; default: that of TARGET
  --origin ORIGIN       send this Origin instead of the client's
  --header 'NAME: VALUE', --header @FILE
                        send this header, or those of the file, instead of the
                        client's of the same name
  --subprotocol NAME    offer this subprotocol instead of the client's
  --no-cookies          don't send the client's cookies on
  --no-compression      don't send the client's Sec-WebSocket-Extensions on
  --ca, --cert, --key, --insecure, --proxy
                        to TARGET, as for wsimd connect
  --http2               WebSockets over HTTP/2 (RFC 8441) to TARGET: for wss: where
                        it offers them, else HTTP/1.1; for ws: always
  --delay DURATION      pass bytes on this much later: 250ms, 1.5s
  --drop [FROM:]N       don't pass every Nth frame on
  --cut [FROM:]BYTES    reset the connection after so many bytes of frames
  --record FILE         write what passes to a capture, for wsimd inspect and
                        Wireshark
  --feed PORT           serve a page that shows all this, on this port of ${DEFAULT_HOST};
                        its WebSocket at ${FEED_PATH} tells the same as --json, and
                        takes the lines below as messages
  --payload N           bytes of each payload to show, 0 to ${MAX_BYTES};
                        default ${DEFAULT_TEXT_BYTES}, with --json and --feed ${DEFAULT_JSON_BYTES}
  --json                one object a line, as of wsimd inspect

FROM is client or server; without it, both. A dropped or edited frame of a
connection that compresses with context takeover makes later messages unreadable:
use --no-compression.

Lines of the input:
${CONTROL_HELP}
Ctrl-C ends it.

Exit code: 0; 1 if it cannot listen, or a file cannot be used; 2 for wrong usage.
`,

  async run(args) {
    return relay(readSettings(args));
  },
};

type Settings = ReturnType<typeof readSettings>;

/** @throws UsageError */
function readSettings(args: readonly string[]) {
  const { location: _location, ...clientOptions } = CLIENT_OPTIONS;
  const { values, positionals } = parseOptions(args, {
    allowPositionals: true,
    options: {
      ...clientOptions,
      port: { type: 'string' },
      host: { type: 'string', default: DEFAULT_HOST },
      expose: { type: 'boolean', default: false },
      'allow-host': { type: 'string', multiple: true, default: [] as string[] },
      'allow-origin': { type: 'string', multiple: true, default: [] as string[] },
      'keep-host': { type: 'boolean', default: false },
      'no-cookies': { type: 'boolean', default: false },
      'no-compression': { type: 'boolean', default: false },
      http2: { type: 'boolean', default: false },
      delay: { type: 'string' },
      drop: { type: 'string', multiple: true, default: [] as string[] },
      cut: { type: 'string', multiple: true, default: [] as string[] },
      record: { type: 'string' },
      feed: { type: 'string' },
      payload: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const client = readClientOptions(positionals, { ...values, location: false });
  const target = createRequest(client.request);
  const { host } = values;
  if (host === '') throw new UsageError('--host is an address');
  if (!values.expose && !isLoopback(host.includes(':') ? `[${host}]` : host)) {
    throw new UsageError(`whoever reaches ${host} could use this proxy; to allow that, add --expose`);
  }
  const url = new URL(String(client.request.url));
  const changes: RequestChanges = {
    host: values['keep-host'] ? undefined : url.host,
    target: url.pathname === '/' && url.search === '' ? undefined : url.pathname + url.search,
    headers: [
      ...(client.request.headers ?? []),
      ...(values.origin === undefined ? [] : [['Origin', values.origin] as const]),
      ...(values.subprotocol.length === 0 ? [] : [['Sec-WebSocket-Protocol', values.subprotocol.join(', ')] as const]),
      ...target.headers.filter(([name]) => name === 'Authorization' && url.username !== ''),
    ],
    removed: new Set([
      ...(values['no-cookies'] ? ['cookie'] : []),
      ...(values['no-compression'] ? ['sec-websocket-extensions'] : []),
    ]),
  };
  return {
    ...{ client, target, url, changes, host },
    port: values.port === undefined ? DEFAULT_PORT : parseInteger('--port', values.port, 0, 65535),
    feedPort: values.feed === undefined ? undefined : parseInteger('--feed', values.feed, 0, 65535),
    textBytes: payloadOf(values.payload, DEFAULT_TEXT_BYTES),
    jsonBytes: payloadOf(values.payload, DEFAULT_JSON_BYTES),
    faults: {
      delay: values.delay === undefined ? 0 : parseDuration('--delay', values.delay),
      drop: readDirections('--drop', values.drop),
      cut: readDirections('--cut', values.cut),
    },
    allowedHosts: values['allow-host'],
    origins: values['allow-origin'].map(readOrigin),
    wantsHttp2: values.http2,
    record: values.record,
    isJson: values.json,
  };
}

/** Relays until Ctrl-C. @returns the exit code */
async function relay(settings: Settings): Promise<number> {
  const { client, target, url, changes, faults, host, allowedHosts, origins, wantsHttp2, feedPort } = settings;
  const { textBytes, jsonBytes, isJson } = settings;
  const terminal = new Console(false, true);
  const recorder = settings.record === undefined ? undefined : openRecorder(settings.record, terminal);
  const hosts = new AllowedHosts(host, allowedHosts);
  const run = (line: string): Answer | undefined => {
    try {
      const help = controls.run(line);
      return help === undefined ? undefined : { type: 'help', text: help };
    } catch (error) {
      rethrowUnless(error, InputError);
      return { type: 'error', text: error.message };
    }
  };
  const watcher = new Watcher({
    ...{ textBytes, jsonBytes, isJson },
    isTerminal: process.stdout.isTTY === true,
    feed: feedPort === undefined ? undefined : { host: DEFAULT_HOST, port: feedPort, allowedHosts },
    write: (lines, onWritten) => {
      if (terminal.isTerminal) {
        terminal.show(lines);
        onWritten();
      } else {
        process.stdout.write(lines, onWritten);
      }
    },
    run,
  });
  const endpoint = new Endpoint({
    ...{ target, targetName: `${url.protocol}//${url.host}`, client, changes, faults, watcher, recorder },
    ...{ wantsHttp2, hosts, origins },
    onHeld: (connection, from, frame) => {
      controls.hold(connection, from, frame);
      const text = `held, ${frame.length} bytes: ${hexOf(frame.subarray(0, 64))}; /pass, /edit, /raw or /drop`;
      watcher.note(connection.number, from, text);
    },
  });
  const controls: Controls = new Controls(endpoint.connections);

  const feed = await watcher.ready;
  try {
    await listen(endpoint.server, settings.port, host);
  } catch (error) {
    await watcher.close();
    throw error;
  }
  watcher.listening(`ws://${authorityOf(endpoint.server.address() as AddressInfo)}/`);
  process.stderr.write(introduction(url, endpoint.server, feed));
  const ended = interrupted();
  const end = new Promise<void>((resolve) => {
    terminal.start(
      (line) => show(line.trim() === '' ? undefined : run(line), terminal),
      () => {},
      resolve,
    );
  });
  await Promise.race([ended, end]);
  await endpoint.close();
  await Promise.all([watcher.close(), recorder?.close()]);
  terminal.stop();
  return 0;
}

/** @param feed host and port of the feed */
function introduction(target: URL, server: Server, feed: string | undefined): string {
  const address = authorityOf(server.address() as AddressInfo);
  const feedLine =
    feed === undefined ? '' : `  feed    ws://${feed}${FEED_PATH}\n  page    http://${feed}${INSPECTOR_PATH}\n`;
  return (
    `wsimd relays to ${printable(`${target.protocol}//${target.host}`)}\n\n  proxy   ws://${address}/\n${feedLine}\n` +
    'Ctrl-C ends it; /help lists what can be done to connections.\n'
  );
}

function show(answer: Answer | undefined, terminal: Console): void {
  if (answer?.type === 'help') terminal.show(answer.text);
  else if (answer !== undefined) terminal.error(answer.text);
}

/** Values such as `10` and `client:10`. */
function readDirections(option: string, values: readonly string[]): Record<Sender, number | undefined> {
  const numbers: Record<Sender, number | undefined> = { client: undefined, server: undefined };
  for (const value of values) {
    const [, from, digits] = /^(?:(client|server):)?([0-9]+)$/.exec(value) ?? [];
    const number = Number(digits);
    if (digits === undefined || number < 1 || number > MAX_COUNT) {
      const form = `a whole number from 1 to ${MAX_COUNT}, which may begin with client: or server:`;
      throw new UsageError(`${option} is ${form}, not "${value}"`);
    }
    if (from !== 'server') numbers.client = number;
    if (from !== 'client') numbers.server = number;
  }
  return numbers;
}

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@]+$/i;

/** A value of --allow-origin, as browsers send it. @throws UsageError */
function readOrigin(value: string): string {
  if (value === '*' || value === 'null') return value;
  if (!ORIGIN.test(value) || !URL.canParse(value)) {
    throw new UsageError(`--allow-origin is '*' or an origin such as https://example.com, not "${value}"`);
  }
  const { origin } = new URL(value);
  // Schemes of a browser's own, such as that of extensions, have none there.
  return origin === 'null' ? value : origin;
}

function openRecorder(file: string, terminal: Console): Recorder {
  try {
    return new Recorder(file, (error) => terminal.error(`nothing is recorded from here on: ${error.message}`));
  } catch (error) {
    throw new CommandError(`--record ${writeErrorText(file, error)}`);
  }
}
