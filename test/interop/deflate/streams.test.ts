// `streamMessages` with `ws` as the sender: a long compressed message in fragments is inflated and handed on while it is sent.

import { createHash, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import * as ws from 'ws';
import type { WebSocket } from '../../../src/node/index.js';
import { next, startServer } from '../../support/servers/servers.js';

const MEBIBYTE = 1024 * 1024;

/** Half of it does not get smaller. */
function contentOf(length: number): Buffer {
  const content = Buffer.alloc(length, 'a line of text that comes again and again\n');
  for (let at = 0; at < length; at += 8192) randomBytes(4096).copy(content, at);
  return content;
}

it.each([
  ['with takeover', true],
  ['without takeover', false],
])(
  'a compressed message of 16 MiB that ws sends in fragments is read before its last frame is sent, %s',
  async (_name, takeover) => {
    const { server, url, stop } = await startServer(
      { streamMessages: true, perMessageDeflate: { inflateTakeover: takeover } },
      { echo: false },
    );
    onTestFinished(stop);
    const connection = next<[WebSocket]>(server, 'connection');
    const client = new ws.WebSocket(url, { perMessageDeflate: { threshold: 0 } });
    onTestFinished(() => client.terminate());
    await next(client, 'open');
    const [served] = await connection;
    const short: string[] = [];
    served.on('message', (data) => short.push(String(data)));

    const send = (data: string | Buffer, fin: boolean) =>
      new Promise<void>((resolve) => client.send(data, { fin, binary: typeof data !== 'string' }, () => resolve()));
    await send('before', true);
    const content = contentOf(16 * MEBIBYTE);
    const hash = createHash('sha256');
    let length = 0;
    const half = content.length / 2;
    // From the start: unread bytes stay in the buffers of the system, which then takes no more.
    const ended = new Promise((resolve) => {
      served.on('messageStart', (stream: Readable) => {
        stream.on('data', (chunk: Buffer) => {
          length += chunk.length;
          hash.update(chunk);
        });
        stream.on('end', resolve);
      });
    });
    for (let at = 0; at < half; at += MEBIBYTE) await send(content.subarray(at, at + MEBIBYTE), false);
    // All that has been sent, but for what the peer's last flush leaves behind.
    await expect.poll(() => length).toBeGreaterThan(half - 64);
    expect(served.stats().held).toBeLessThan(MEBIBYTE);
    for (let at = half; at < content.length - MEBIBYTE; at += MEBIBYTE) {
      await send(content.subarray(at, at + MEBIBYTE), false);
    }
    await send(content.subarray(-MEBIBYTE), true);
    await send('behind', true);
    await ended;
    expect(length).toBe(content.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
    await expect.poll(() => short).toEqual(['before', 'behind']);
    const { compression } = served.stats();
    expect(compression).toMatchObject({
      received: { messages: 3, plainBytes: content.length + 'beforebehind'.length },
    });
  },
);
