// src/deflate/kernel/select-deflate.ts and per-message-deflate.ts: no memory for compression. It is asked for before anything
// is agreed on, the portable kernel takes its place where nobody named one, and without either nothing is agreed on.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const OFFER = [{ name: 'permessage-deflate', parameters: [] }];

/** From now on no second WebAssembly memory can be made, and no portable one either if it is said so. */
function exhaust({ portable }: { portable: boolean }) {
  class Instance extends WebAssembly.Instance {
    constructor(module: WebAssembly.Module) {
      const isDeflate = WebAssembly.Module.exports(module).some(({ name }) => name === 'inflate');
      if (isDeflate)
        throw new RangeError('WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance');
      super(module);
    }
  }
  vi.stubGlobal('WebAssembly', Object.create(WebAssembly, { Instance: { value: Instance } }));
  if (!portable) {
    vi.doMock('../../../src/deflate/kernel/portable/portable-deflate.js', () => ({
      createPortableDeflateKernel: () => {
        throw new RangeError('Array buffer allocation failed');
      },
    }));
  }
}

beforeEach(() => {
  vi.resetModules();
  // It would name a kernel.
  vi.stubEnv('WSIMD_KERNEL', undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.doUnmock('../../../src/deflate/kernel/portable/portable-deflate.js');
});

async function load() {
  const [{ PerMessageDeflate }, { Connection }] = await Promise.all([
    import('../../../src/deflate/index.js'),
    import('../../../src/index.js'),
  ]);
  return { PerMessageDeflate, Connection };
}

describe('without memory for a second WebAssembly kernel', () => {
  it('the portable one compresses, on either side', async () => {
    exhaust({ portable: true });
    const { PerMessageDeflate, Connection } = await load();
    const deflate = new PerMessageDeflate({ threshold: 0 });
    const answer = deflate.answer(OFFER);
    expect([answer.length, deflate.kernelName, deflate.failure]).toEqual([1, 'portable', undefined]);
    const server = new Connection({ role: 'server' }, deflate.forServer(answer));
    const clients = new PerMessageDeflate({ threshold: 0, kernel: 'auto' });
    const client = new Connection({ role: 'client' }, clients.forClient(answer, clients.offer()));
    expect([server.kernelName, clients.kernelName]).toEqual(['wasm', 'portable']);
    client.sendText('x'.repeat(1000));
    const bytes = client.takeOutgoing();
    expect(bytes.length).toBeLessThan(100);
    expect(server.receive(bytes)).toMatchObject([{ type: 'text', text: 'x'.repeat(1000) }]);
  });

  it.each([
    ['in code', { kernel: 'wasm' as const }, undefined],
    ['by WSIMD_KERNEL', {}, 'wasm'],
  ])('a kernel that was named %s is not replaced: nothing is agreed on', async (_how, options, variable) => {
    vi.stubEnv('WSIMD_KERNEL', variable);
    exhaust({ portable: true });
    const { PerMessageDeflate } = await load();
    const deflate = new PerMessageDeflate(options);
    expect(deflate.answer(OFFER)).toEqual([]);
    expect(deflate.failure).toMatchObject({ code: 'WSIMD_NO_KERNEL' });
    expect(deflate.forServer([])).toBeUndefined();
    expect(() => deflate.forServer(OFFER)).toThrow(expect.objectContaining({ code: 'WSIMD_NO_KERNEL' }));
  });
});

describe('without memory for any', () => {
  it('nothing is agreed on, until there is memory again', async () => {
    exhaust({ portable: false });
    const { PerMessageDeflate } = await load();
    const deflate = new PerMessageDeflate();
    expect(deflate.answer(OFFER)).toEqual([]);
    expect(deflate.failure).toMatchObject({
      code: 'WSIMD_NO_KERNEL',
      message: expect.stringContaining('allocation failed'),
    });
    // That of one client is not the next one's.
    expect(deflate.answer([{ name: 'permessage-deflate', parameters: [['unknown', true]] }])).toEqual([]);
    expect(deflate.failure).toBeUndefined();
    vi.unstubAllGlobals();
    expect(deflate.answer(OFFER)).toHaveLength(1);
    expect([deflate.failure, deflate.kernelName]).toEqual([undefined, 'wasm']);
  });

  it('a server on Node serves without compression, and warns once', async () => {
    exhaust({ portable: false });
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { WebSocket, WebSocketServer } = await import('../../../src/node/index.js');
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
    server.on('connection', (webSocket) => webSocket.on('message', (data) => webSocket.send(data)));
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    for (let i = 0; i < 2; i++) {
      const client = new WebSocket(`ws://127.0.0.1:${port}`);
      const echo = new Promise((resolve, reject) => {
        client.once('error', reject);
        client.once('message', (data) => resolve(String(data)));
      });
      client.once('open', () => client.send('hello'));
      expect(await echo).toBe('hello');
      expect(client.extensions).toBe('');
      client.terminate();
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('not compressed'), 'WsimdWarning');
    warn.mockRestore();
    await new Promise((resolve) => server.close(resolve));
  });

  it('a client whose server agrees on compression fails, with an error event', async () => {
    exhaust({ portable: false });
    const { WebSocket } = await import('../../../src/node/index.js');
    const { WebSocketServer } = await import('ws');
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    const events: unknown[] = [];
    client.on('error', (error) => events.push(error));
    const closed = new Promise((resolve) => client.on('close', (code) => resolve(code)));
    expect(await closed).toBe(1006);
    expect(events).toEqual([expect.objectContaining({ code: 'WSIMD_NO_KERNEL' })]);
    await new Promise((resolve) => server.close(resolve));
  });
});
