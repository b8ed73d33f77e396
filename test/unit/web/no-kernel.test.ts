// src/web/accept.ts and connect.ts: what a WebSocket needs is acquired before a response or a request has left. A kernel that cannot be
// had is a 500, not a 101 with nothing behind it.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRequest } from '../../../src/handshake/client.js';
import { encodeLatin1 } from '../../../src/handshake/head.js';
import { acceptWebSocket, connectWebSocket } from '../../../src/web/index.js';
import { connectedStreams } from './memory-streams.js';

const NONE = { kernel: 'wasm' } as const;

beforeEach(() => {
  vi.spyOn(WebAssembly, 'Instance').mockImplementation(() => {
    throw new RangeError('out of memory');
  });
});
afterEach(() => void vi.restoreAllMocks());

it('a server without a kernel answers 500', async () => {
  const [near, far] = connectedStreams(4);
  const server = acceptWebSocket(far, NONE);
  const reader = near.readable.getReader();
  const first = reader.read();
  await near.writable
    .getWriter()
    .write(encodeLatin1(createRequest({ url: 'ws://example.com/' }).head))
    .catch(() => {});
  expect(new TextDecoder().decode((await first).value)).toMatch(/^HTTP\/1\.1 500 /);
  await expect(server.opened).rejects.toMatchObject({
    ...{ code: 'WSIMD_REFUSED', status: 500 },
    cause: expect.objectContaining({ code: 'WSIMD_NO_KERNEL' }),
  });
});

it('a client without a kernel asks for nothing', async () => {
  const [near, far] = connectedStreams(4);
  const client = connectWebSocket(near, { url: 'ws://example.com/', ...NONE });
  await expect(client.opened).rejects.toMatchObject({ code: 'WSIMD_NO_KERNEL' });
  const { value } = await far.readable
    .getReader()
    .read()
    .catch(() => ({ value: undefined }));
  expect(value).toBeUndefined();
});
