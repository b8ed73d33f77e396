// wsimd/web over `cloudflare:sockets`: a Worker in workerd is the client, `ws` the server. A Worker cannot listen on such a
// socket, so there is no other way round.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { describeWith } from '../../support/programs/describe-with.js';
import { startWorker, workerd } from '../../support/programs/workerd.js';

const ENTRY = fileURLToPath(new URL('worker-sockets.mjs', import.meta.url));
const WASM = ['kernel.wasm', 'deflate.wasm'];

describeWith('a Worker', workerd !== undefined, () => {
  test.each([false, true])('is a client over a socket of its own, compressed: %s', async (isCompressed) => {
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      perMessageDeflate: true,
      handleProtocols: () => 'test',
    });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const closes: unknown[] = [];
    const extensions: string[] = [];
    server.on('connection', (socket) => {
      extensions.push(socket.extensions);
      socket.on('message', (data, isBinary) => {
        if (String(data) === 'close') socket.close(4001, 'enough');
        else socket.send(data, { binary: isBinary });
      });
      socket.on('close', (code, reason) => closes.push([code, String(reason)]));
    });
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`${await startWorker(ENTRY, WASM)}?port=${port}${isCompressed ? '&deflate' : ''}`);
    const expected = isCompressed ? expect.stringMatching(/^permessage-deflate/) : '';
    expect(await answer.json()).toEqual({
      protocol: 'test',
      extensions: expected,
      same: [true, true, true, true, true],
      byUs: { done: true, closeCode: 4000, reason: 'bye' },
      byServer: { done: true, closeCode: 4001, reason: 'enough' },
      byListener: { closeCode: 4002, reason: 'heard', heard: ['hello'] },
    });
    await expect
      .poll(() => closes, { timeout: 30_000 })
      .toEqual([
        [4000, 'bye'],
        [4001, 'enough'],
        [4002, 'heard'],
      ]);
    expect(extensions).toEqual(Array.from({ length: 3 }, () => (isCompressed ? 'permessage-deflate' : '')));
  });
});
