// The option `directReads` with a Node whose sockets are not known: every way in which `onread` could be kept elsewhere.

import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';

interface OnRead {
  readonly onread?: { readonly buffer: unknown; readonly callback: unknown };
}
type Symbols = Record<symbol, unknown>;

const { Socket, createServer, connect } = await vi.importActual<typeof import('node:net')>('node:net');

afterEach(() => {
  vi.doUnmock('node:net');
  vi.resetModules();
});

/** What reading directly says of an open socket where sockets are as `change` leaves them. */
async function readsDirectly(change: (socket: Symbols, onread: OnRead['onread']) => void): Promise<boolean> {
  class Changed extends Socket {
    constructor(options?: object) {
      super(options);
      change(this as unknown as Symbols, (options as OnRead | undefined)?.onread);
    }
    static override [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof Socket;
    }
  }
  vi.doMock('node:net', () => ({ Socket: Changed, default: { Socket: Changed } }));
  const { readInto } = await import('../../../../../src/node/socket/reads/direct-reads.js');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const socket = connect((server.address() as import('node:net').AddressInfo).port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return readInto(socket, new Uint8Array(8), () => true);
}

const SLOT = Symbol('kept here too');

it('sockets as they are', async () => {
  expect(await readsDirectly(() => {})).toBe(true);
});

describe('is left alone where', () => {
  it.each<[string, (socket: Symbols, onread: OnRead['onread']) => void]>([
    ['the buffer is kept twice', (socket, onread) => (socket[SLOT] = onread?.buffer)],
    ['the callback is kept twice', (socket, onread) => (socket[SLOT] = onread?.callback)],
    ['nothing is kept', (socket) => forget(socket)],
  ])('%s', async (_name, change) => {
    expect(await readsDirectly(change)).toBe(false);
  });
});

/** Puts something else wherever the socket keeps what it was given. */
function forget(socket: Symbols): void {
  for (const slot of Object.getOwnPropertySymbols(socket)) {
    if (typeof socket[slot] === 'function' || socket[slot] instanceof Uint8Array) socket[slot] = null;
  }
}
