// What tests of unread messages share: streams in the shape of a socket, and a reader that goes to the end.

import type { ByteSocket, ByteStreams, Message } from '../../../src/web/index.js';

/** Streams as a socket that reads into a buffer. */
export function socketOver({ readable, writable }: ByteStreams): ByteSocket {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  let rest = new Uint8Array(0);
  return {
    async read(target) {
      if (rest.length === 0) {
        const { value } = await reader.read();
        if (value === undefined) return null;
        rest = new Uint8Array(value);
      }
      const length = Math.min(rest.length, target.length);
      target.set(rest.subarray(0, length));
      rest = rest.slice(length);
      return length;
    },
    async write(bytes) {
      await writer.write(bytes.slice());
      return bytes.length;
    },
    closeWrite: () => writer.close(),
    close: () => {
      reader.cancel().catch(() => {});
      writer.abort().catch(() => {});
    },
  };
}

/** What can be read, and what it ends with if it fails. */
export async function readToEnd(
  readable: ReadableStream<Message>,
): Promise<{ readonly messages: Message[]; readonly error?: unknown }> {
  const messages: Message[] = [];
  const reader = readable.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return { messages };
      messages.push(value);
    }
  } catch (error) {
    return { messages, error };
  }
}
