// The local endpoint: takes connections, reads the request of each, checks whom it is from, and relays it. What passes is told
// as entries of the inspector.

import { createServer, type Server, type Socket } from 'node:net';
import type { Sender } from '../../capture/tcp-connections.js';
import { parseWebUrl } from '../../handshake/authority.js';
import { HeadReader, type ParsedRequestHead, parseRequestHead } from '../../handshake/index.js';
import { ProtocolError } from '../../index.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import type { ClientOptions } from '../client/client-options.js';
import { dialErrorText } from '../client/dial-errors.js';
import { type AllowedHosts, isLoopback, type Refusal, refusalHead } from '../serve/allowed-hosts.js';
import type { Recorder, Recording } from './recorder.js';
import { type Faults, Relay, type RelaySink } from './relay.js';
import { changeRequest, type RequestChanges } from './request.js';
import { openUpstream, type Target, type Upstream } from './upstream.js';
import { now, type Watcher } from './watch/watcher.js';

export interface EndpointOptions {
  readonly target: Target;
  /** As it is shown. */
  readonly targetName: string;
  readonly client: ClientOptions;
  /** Speak HTTP/2 to the target, where it offers WebSockets on it. */
  readonly wantsHttp2: boolean;
  readonly changes: RequestChanges;
  readonly hosts: AllowedHosts;
  /** Of pages that may connect, beside those of this machine; `*` is any. */
  readonly origins: readonly string[];
  readonly faults: Faults;
  readonly watcher: Watcher;
  readonly recorder: Recorder | undefined;
  /** A frame waits for a decision. */
  readonly onHeld: (connection: RelayedConnection, from: Sender, frame: Uint8Array) => void;
}

/** One connection, by the number under which it is shown. */
export interface RelayedConnection {
  readonly number: number;
  readonly relay: Relay;
}

/** Milliseconds for a client to send its request. */
const HEAD_TIMEOUT = 10_000;

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #ending = new AbortController();
  /** Those that are open, by their numbers. */
  readonly connections = new Map<number, RelayedConnection>();
  #count = 0;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#readHead(socket);
    });
  }

  get server(): Server {
    return this.#server;
  }

  /** Ends the endpoint and all that it relays. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#ending.abort();
    for (const { relay } of this.connections.values()) relay.reset();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #readHead(socket: Socket): void {
    const reader = new HeadReader();
    const timer = setTimeout(
      () => refuse(socket, { status: 408, text: 'The request did not come in time.' }),
      HEAD_TIMEOUT,
    );
    const drop = () => socket.destroy();
    socket.on('error', drop).on('end', drop);
    socket.on('close', () => clearTimeout(timer));
    const read = (bytes: Buffer) => {
      try {
        const received = reader.push(bytes);
        if (received === undefined) return;
        clearTimeout(timer);
        socket.pause().off('data', read).off('end', drop);
        const { head, rest } = received;
        const request = parseRequestHead(head);
        const refusal = this.#refusal(request, socket);
        if (refusal !== undefined) refuse(socket, refusal);
        else void this.#connect(socket, head.slice(), rest, drop);
      } catch (error) {
        rethrowUnless(error, ProtocolError);
        refuse(socket, { status: 400, text: error.message });
      }
    };
    socket.on('data', read);
  }

  /** Why a request is not relayed. */
  #refusal({ method, headers }: ParsedRequestHead, socket: Socket): Refusal | undefined {
    const { hosts, origins } = this.#options;
    const host = [...headers].flatMap(([name, value]) => (name.toLowerCase() === 'host' ? [value] : []));
    const origin = headers.get('origin');
    const refusal = hosts.refuseHost({ headersDistinct: { host }, headers: { origin }, socket });
    if (refusal !== undefined) return refusal;
    if (origin !== undefined && !isAllowedOrigin(origin, origins)) {
      const text = `This proxy does not relay for pages of ${origin}. To allow them, start it with --allow-origin ${origin}`;
      return { status: 403, text };
    }
    if (method === 'GET' && headers.hasToken('upgrade', 'websocket')) return undefined;
    return { status: 426, text: 'This is a proxy for WebSockets.' };
  }

  async #connect(client: Socket, head: Uint8Array, rest: Uint8Array, drop: () => void): Promise<void> {
    const { target, targetName, changes, client: options, wantsHttp2, watcher, recorder } = this.#options;
    const number = ++this.#count;
    const { remoteAddress: address = '', remotePort: port = 0 } = client;
    const name = `${address.includes(':') ? `[${address}]` : address}:${port}`;
    const info = { number, client: name, server: targetName, isWhole: true };
    watcher.open(info);
    const giveUp = new AbortController();
    const gone = () => giveUp.abort();
    client.on('close', gone);
    let server: Upstream;
    try {
      const signal = AbortSignal.any([this.#ending.signal, giveUp.signal]);
      server = await openUpstream(target, options, wantsHttp2, signal);
    } catch (error) {
      const text = `cannot connect to ${targetName}: ${dialErrorText(error)}`;
      watcher.note(number, 'server', text);
      watcher.end(number, false);
      refuse(client, { status: 502, text });
      return;
    }
    client.off('close', gone).off('error', drop);
    const recording = recorder?.open(
      { address, port },
      { address: server.remoteAddress ?? '', port: target.port },
      now(),
    );
    const sink = this.#sinkFor(number, recording);
    const relay = new Relay(client, server, changeRequest(head, changes), rest, this.#options.faults, sink);
    this.connections.set(number, { number, relay });
  }

  #sinkFor(number: number, recording: Recording | undefined): RelaySink {
    const { watcher, onHeld } = this.#options;
    return {
      passed: (from, bytes) => {
        const time = now();
        recording?.data(from, bytes, time);
        watcher.data(number, from, bytes, time);
      },
      held: (from, frame) => {
        const connection = this.connections.get(number);
        if (connection !== undefined) onHeld(connection, from, frame);
      },
      note: (from, text) => watcher.note(number, from, text),
      ended: (from) => {
        recording?.end(from, now());
        watcher.note(number, from, 'ends its direction');
      },
      closed: (isReset) => {
        if (isReset) recording?.reset('client', now());
        this.connections.delete(number);
        watcher.end(number, isReset);
        watcher.note(number, 'client', 'the connection is over');
      },
    };
  }
}

function isAllowedOrigin(origin: string, allowed: readonly string[]): boolean {
  if (allowed.includes('*') || allowed.includes(origin)) return true;
  return parseWebUrl(origin)?.rest === '' && isLoopback(new URL(origin).hostname);
}

function refuse(socket: Socket, refusal: Refusal): void {
  socket.on('error', () => socket.destroy());
  if (!socket.destroyed) socket.end(refusalHead(refusal), () => socket.destroy());
}
