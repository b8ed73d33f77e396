// The part of `ws` that the programs under test use. Both libraries have it, and the benchmark runs the same code on both.

import type { EventEmitter } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Compression, ServerJob } from './job.js';

export type AnyServer = HttpServer | Http2Server | Http2SecureServer;

export interface Socket {
  readonly OPEN: number;
  readonly readyState: number;
  readonly bufferedAmount: number;
  /** Only wsimd has it. */
  readonly lendsMessages?: boolean;
  on(event: 'message', listener: (data: Buffer | string, isBinary: boolean) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'open' | 'close', listener: () => void): this;
  send(data: Buffer | string, options?: { readonly binary: boolean }): void;
}

export interface SocketServer extends EventEmitter {
  readonly clients: Set<Socket>;
}

export interface Library {
  readonly WebSocketServer: new (options: object) => SocketServer;
  readonly WebSocket: new (address: string, options: object) => Socket;
  readonly createWebSocketStream: (socket: Socket) => Duplex;
  /** Only wsimd has it. */
  readonly broadcast?: (clients: Iterable<Socket>, message: string) => number;
}

/** @param specifier `ws`, or the URL of a build of wsimd */
export async function loadLibrary(specifier: string): Promise<Library> {
  const library: Library = await import(specifier);
  return library;
}

/** `ws` ignores the options that only wsimd has. */
export function serverOptions({ compression, isBorrowed, form }: ServerJob, server: AnyServer): object {
  return {
    server,
    perMessageDeflate: deflateOption(compression),
    ...(isBorrowed ? { messageLifetime: 'listener' } : {}),
    ...(form === 'string' ? { textAs: 'string' } : {}),
  };
}

/** Everything is compressed: `ws` leaves messages below 1,024 bytes alone by default. */
function deflateOption(compression: Compression): false | object {
  if (compression === 'off') return false;
  const noTakeover = compression === 'no-takeover';
  return { threshold: 0, serverNoContextTakeover: noTakeover, clientNoContextTakeover: noTakeover };
}
