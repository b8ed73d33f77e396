// Our server as the peers' clients meet it: it echoes, does on command what a client cannot ask for by the protocol, and keeps
// what it saw. Each variant of it has a path of its own. It must not know who comes.

import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../src/node/index.js';
import type { Certificate } from '../../support/servers/tls.js';

/** What the server saw of one connection. */
export interface Seen {
  /** The path, which is the variant's number. */
  readonly variant: number;
  /** What the client offered, as it wrote it; empty if nothing. */
  readonly offered: string;
  /** What was agreed on. */
  readonly agreed: string;
  /** The close that the client sent or answered with. */
  close?: readonly [closeCode: number, reason: string];
}

export interface OurServer {
  readonly seen: readonly Seen[];
  /** Of a page of the same origin. */
  readonly pageUrl: string;
  url(variant?: number): string;
  /** Waits until every connection is closed, and gives what was seen; forgets it. */
  take(): Promise<Seen[]>;
  stop(): Promise<void>;
}

/** What the server does when it is told so by a text message. */
export const COMMANDS = {
  /** Sends this in three fragments, with a ping between them. */
  '!fragments': ['one 漢', '字 two ', 'three 🎉'],
  /** The same without the ping. */
  '!fragments-alone': ['one 漢', '字 two ', 'three 🎉'],
  /** Sends a ping, and says this when the pong has come. */
  '!ping': 'ponged',
  /** Closes with this. */
  '!close': [4001, 'the server’s reason'],
} as const;

type Variant = Omit<WebSocketServerOptions, 'port' | 'server' | 'noServer' | 'host' | 'path'>;

export async function startOurServer(
  variants: readonly Variant[],
  { certificate }: { certificate?: Certificate | undefined } = {},
): Promise<OurServer> {
  const httpServer = certificate === undefined ? createServer() : createHttpsServer({ ...certificate });
  httpServer.on('request', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>interop</title>');
  });
  let seen: Seen[] = [];
  const open = new Set<WebSocket>();
  const servers = variants.map((options) => {
    const handleProtocols = (protocols: Set<string>) => (protocols.has('echo') ? 'echo' : false);
    return new WebSocketServer({ handleProtocols, ...options, noServer: true });
  });
  httpServer.on('upgrade', (request, socket, head) => {
    const variant = Number(request.url?.slice(1));
    const server = servers[variant];
    server?.handleUpgrade(request, socket, head, (webSocket) => {
      const offered = String(request.headers['sec-websocket-extensions'] ?? '');
      const entry: Seen = { variant, offered, agreed: webSocket.extensions };
      seen.push(entry);
      open.add(webSocket);
      webSocket.on('close', (closeCode, reason) => {
        entry.close = [closeCode, reason.toString()];
        open.delete(webSocket);
      });
      webSocket.on('message', (data, isBinary) => {
        const text = !isBinary && (data as Buffer).length < 20 ? String(data) : '';
        if (Object.hasOwn(COMMANDS, text)) obey(webSocket, text as keyof typeof COMMANDS);
        else webSocket.send(data, { binary: isBinary });
      });
    });
  });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
  const isSecure = certificate !== undefined;
  return {
    get seen() {
      return seen;
    },
    pageUrl: `${isSecure ? 'https' : 'http'}://${host}/`,
    url: (variant = 0) => `${isSecure ? 'wss' : 'ws'}://${host}/${variant}`,
    take: async () => {
      for (const webSocket of open) await new Promise((resolve) => webSocket.once('close', resolve));
      const taken = seen;
      seen = [];
      return taken;
    },
    stop: async () => {
      for (const webSocket of open) webSocket.terminate();
      for (const server of servers) server.close();
      httpServer.closeAllConnections();
      await new Promise((resolve) => httpServer.close(resolve));
    },
  };
}

function obey(webSocket: WebSocket, command: keyof typeof COMMANDS): void {
  if (command === '!close') {
    webSocket.close(...COMMANDS['!close']);
  } else if (command === '!ping') {
    webSocket.once('pong', (payload) => webSocket.send(payload.toString() === 'payload' ? COMMANDS['!ping'] : 'other'));
    webSocket.ping('payload');
  } else {
    const [first, second, third] = COMMANDS['!fragments'];
    webSocket.send(first, { fin: false });
    if (command === '!fragments') webSocket.ping('between');
    webSocket.send(second, { fin: false });
    webSocket.send(third, { fin: true });
  }
}
