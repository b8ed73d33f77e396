// Pairs of WebSockets over streams, and peers by hand, for the tests of this folder.

import { createRequest } from '../../../../src/handshake/client.js';
import { encodeLatin1 } from '../../../../src/handshake/head.js';
import { ProtocolError } from '../../../../src/protocol/errors.js';
import {
  acceptWebSocket,
  type ByteSocket,
  type ByteStreams,
  connectWebSocket,
  type Message,
} from '../../../../src/web/index.js';
import { connectedStreams } from '../memory-streams.js';

export const URL = 'ws://example.com/chat';

export async function open(options: Parameters<typeof acceptWebSocket>[1] = {}, highWaterMark?: number) {
  const [near, far] = connectedStreams(highWaterMark);
  const server = acceptWebSocket(far, options);
  const client = connectWebSocket(near, { url: URL });
  const [openServer, openClient] = await Promise.all([server.opened, client.opened]);
  return { server, client, openServer, openClient };
}

export async function readAll(readable: ReadableStream<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of readable as ReadableStream<Message> & AsyncIterable<Message>) messages.push(message);
  return messages;
}

export function sameAs(a: Message | undefined, b: Message): boolean {
  return typeof a === 'string' || typeof b === 'string' ? a === b : a !== undefined && Buffer.compare(a, b) === 0;
}

/** A client that writes bytes of its own behind a right request, and what the server answers to it. */
export async function rawClient(options: Parameters<typeof acceptWebSocket>[1] = {}) {
  const [near, far] = connectedStreams(4);
  const server = acceptWebSocket(far, options);
  const writer = near.writable.getWriter();
  const reader = near.readable.getReader();
  await writer.write(encodeLatin1(createRequest({ url: URL }).head));
  await reader.read();
  return { server, writer, reader, ...(await server.opened) };
}

/** A client that has sent its request, with a transport whose writes hang from `getStuck` on, even when it is aborted. */
export function stuckStreams() {
  let isStuck = false;
  let source!: ReadableStreamDefaultController<Uint8Array>;
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      source = controller;
      source.enqueue(encodeLatin1(createRequest({ url: URL }).head));
    },
  });
  const writable = new WritableStream<Uint8Array>({
    write: () => (isStuck ? new Promise<void>(() => {}) : undefined),
  });
  const getStuck = () => {
    isStuck = true;
  };
  return { readable, writable, getStuck, push: (bytes: Uint8Array) => source.enqueue(bytes) };
}

/** What a server of ours answers to a request. */
export async function answerTo(request: Uint8Array): Promise<Uint8Array> {
  const [near, far] = connectedStreams(4);
  const server = acceptWebSocket(far);
  await near.writable.getWriter().write(request);
  const { value } = await near.readable.getReader().read();
  await server.opened;
  return value!;
}

/** Streams as a socket that reads into a buffer, whose peer has always gone by the time it is ended. */
export function socketOver({ readable, writable }: ByteStreams): ByteSocket {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  return {
    async read(target) {
      const { value } = await reader.read();
      if (value === undefined) return null;
      target.set(value);
      return value.length;
    },
    async write(bytes) {
      await writer.write(bytes.slice());
      return bytes.length;
    },
    async closeWrite() {
      await writer.close();
      throw new Error('not connected');
    },
    close() {
      throw new Error('not connected');
    },
  };
}

export async function rejectionOf(promise: Promise<unknown>): Promise<ProtocolError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof ProtocolError)) throw new Error(`no ProtocolError: ${String(error)}`);
  return error;
}
