// src/node/socket/writes/direct-writes.ts: a socket that is written to below its stream does everything as one that is written to by `write`.

import { type AddressInfo, connect as connectSocket, createServer, Socket } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type DirectSocket,
  takesDirectWrites,
  writeDirectly,
  writeSegments,
} from '../../../../../src/node/socket/writes/direct-writes.js';
import { randomBytes } from '../../../../support/inputs/random.js';
import { IMPLEMENTATIONS, openPair } from '../../../../support/peers/implementations.js';
import { next } from '../../../../support/servers/servers.js';

const ours = IMPLEMENTATIONS.find(([name]) => name === 'wsimd')![1];
const turn = () => new Promise((resolve) => setImmediate(resolve));
const LONG = randomBytes(16 * 1024 * 1024, 1);

async function openSockets(): Promise<{ socket: DirectSocket; peer: Socket }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = next<[Socket]>(server, 'connection');
  const { port } = server.address() as AddressInfo;
  const peer = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [socket] = await accepted;
  peer.on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  if (!takesDirectWrites(socket)) throw new Error('this Node is not known');
  return { socket, peer };
}

type Write = (socket: DirectSocket, bytes: Uint8Array, callback: (error?: Error | null) => void) => void;

interface Writes {
  readonly directly: Write;
  readonly byWrite: Write;
}

/** @param cut the segments of a write */
function writesOf(cut: (bytes: Uint8Array) => Uint8Array[]): Writes {
  return {
    directly(socket, bytes, callback) {
      const segments = cut(bytes);
      const written = writeDirectly(socket, segments);
      if (written === undefined) throw new Error('not written');
      if (written === true) process.nextTick(callback, null);
      else written.handOver(socket, segments, callback);
    },
    byWrite: (socket, bytes, callback) => void writeSegments(socket, cut(bytes), callback),
  };
}

const WAYS: readonly (readonly [string, Writes])[] = [
  ['one segment', writesOf((bytes) => [bytes])],
  ['three segments', writesOf((bytes) => [bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4)])],
];

const codeOf = (error?: (Error & { code?: string }) | null) => (error ? (error.code ?? error.message) : error);

/** What happens in a scenario, whichever way the first bytes are written. */
type Scenario = (
  first: (bytes: Uint8Array) => void,
  sockets: { socket: DirectSocket; peer: Socket },
  log: unknown[],
) => Promise<void>;

async function logOf(write: Write, scenario: Scenario): Promise<unknown[]> {
  const sockets = await openSockets();
  const log: unknown[] = [];
  const { socket } = sockets;
  for (const event of ['drain', 'finish', 'close']) socket.on(event, () => log.push(event));
  socket.on('error', (error) => log.push(`error ${codeOf(error)}`));
  await scenario((bytes) => write(socket, bytes, (error) => log.push(`first ${codeOf(error)}`)), sockets, log);
  return log;
}

const state = (socket: Socket) => [
  ...[socket.writableLength, socket.writableNeedDrain, socket.writable, socket.destroyed],
];

async function readAll(peer: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  peer.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    total += chunk.length;
  });
  await expect.poll(() => total, { timeout: 20_000 }).toBe(length);
  return Buffer.concat(chunks);
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  async 'what the system takes at once'(first, { socket, peer }, log) {
    first(Buffer.from('first'));
    log.push(...state(socket));
    socket.write('second', () => log.push('second'));
    log.push(String(await readAll(peer, 11)));
    await turn();
    log.push(...state(socket), socket.bytesWritten);
  },
  async 'what it does not, with more behind it and an end'(first, { socket, peer }, log) {
    first(LONG);
    log.push(...state(socket));
    socket.write('second', () => log.push('second'));
    socket.end('last', () => log.push('ended'));
    log.push(...state(socket));
    await turn();
    const all = await readAll(peer, LONG.length + 10);
    log.push(Buffer.compare(all.subarray(0, LONG.length), LONG), String(all.subarray(LONG.length)));
    await expect.poll(() => log).toContain('finish');
    log.push(...state(socket), socket.bytesWritten);
  },
  async 'a drain'(first, { socket, peer }, log) {
    first(LONG);
    await turn();
    await readAll(peer, LONG.length);
    await expect.poll(() => log).toContain('drain');
    log.push(...state(socket));
  },
  async 'a cork behind it'(first, { socket, peer }, log) {
    first(LONG);
    socket.cork();
    socket.write('a', () => log.push('a'));
    socket.write('b', () => log.push('b'));
    log.push(...state(socket));
    process.nextTick(() => socket.uncork());
    const all = await readAll(peer, LONG.length + 2);
    log.push(String(all.subarray(LONG.length)));
    await expect.poll(() => log).toContain('b');
  },
  async 'a socket that is destroyed meanwhile'(first, { socket }, log) {
    first(LONG);
    socket.destroy();
    log.push(...state(socket));
    await expect.poll(() => log).toContain('close');
    await turn();
  },
  async 'a socket that is destroyed with an error meanwhile'(first, { socket }, log) {
    first(LONG);
    socket.write('second', (error) => log.push(`second ${codeOf(error)}`));
    socket.destroy(new Error('ours'));
    await expect.poll(() => log).toContain('close');
    await turn();
  },
  async 'a peer that resets the connection meanwhile'(first, { socket, peer }, log) {
    first(LONG);
    socket.write('second', (error) => log.push(`second ${error instanceof Error}`));
    peer.resetAndDestroy();
    await expect.poll(() => log).toContain('close');
    await turn();
    // Which of ECONNRESET and EPIPE comes is the system's to say.
    for (const [i, entry] of log.entries()) log[i] = String(entry).replace(/ECONNRESET|EPIPE/, 'gone');
  },
};

describe.each(WAYS)('bytes that are written directly, as those of write: %s', (_way, writes) => {
  test.each(Object.entries(SCENARIOS))('%s', async (_name, scenario) => {
    const directly = await logOf(writes.directly, scenario);
    expect(directly).toEqual(await logOf(writes.byWrite, scenario));
    expect(directly).not.toEqual([]);
  });

  test('into a connection that the peer has reset: the error comes, and the callback gets it', async () => {
    const logs: unknown[] = [];
    for (const write of [writes.directly, writes.byWrite]) {
      logs.push(
        await logOf(write, async (first, { peer }, log) => {
          // Nothing is read, so that only the write sees it.
          peer.resetAndDestroy();
          await new Promise((resolve) => setTimeout(resolve, 50));
          first(Buffer.from('too late'));
          await expect.poll(() => log).toContain('close');
          for (const [i, entry] of log.entries()) log[i] = String(entry).replace(/ECONNRESET|EPIPE/, 'gone');
        }),
      );
    }
    expect(logs[0]).toEqual(logs[1]);
    expect(logs[0]).toEqual(expect.arrayContaining(['first gone', 'error gone']));
  });

  test('leave nothing of ours on the socket', async () => {
    const { socket, peer } = await openSockets();
    const names = () => Reflect.ownKeys(socket).filter((name) => /^_?writev?$/.test(String(name)));
    writes.directly(socket, LONG, () => {});
    expect(names()).toEqual([]);
    await readAll(peer, LONG.length);
    // The next one finds nothing pending, and the functions of the one before are not called for it.
    await expect.poll(() => socket.writableLength).toBe(0);
    await turn();
    expect(writeDirectly(socket, [Buffer.from('x')])).toBe(true);
    expect(names()).toEqual([]);
  });
});

describe('bytes are left to the stream', () => {
  test.each<[string, (socket: DirectSocket) => void]>([
    ['behind a cork', (socket) => socket.cork()],
    ['behind what is pending', (socket) => void socket.write(LONG)],
    [
      'behind an empty write that is pending',
      (socket) => {
        socket.write(LONG);
        // As if all but the empty one had left.
        Object.assign(socket._writableState, { length: 0 });
      },
    ],
    ['after the end', (socket) => void socket.end()],
    ['of a socket that is destroyed', (socket) => void socket.destroy()],
    ['of a socket with a write of its own', (socket) => void Object.assign(socket, { write: () => true })],
    ['of a socket with a _write of its own', (socket) => void Object.assign(socket, { _write() {} })],
    ['of a socket with a _writeGeneric of its own', (socket) => void Object.assign(socket, { _writeGeneric() {} })],
    [
      'of a handle with a writeBuffer of its own',
      (socket) => {
        const { _handle: handle } = socket as DirectSocket & { _handle: { writeBuffer: unknown } };
        handle.writeBuffer = () => 0;
      },
    ],
  ])('%s', async (_name, change) => {
    const { socket } = await openSockets();
    socket.on('error', () => {});
    change(socket);
    expect(writeDirectly(socket, [Buffer.from('x')])).toBeUndefined();
  });

  test('of a socket that is connecting', async () => {
    const { socket: accepted } = await openSockets();
    const socket = connectSocket({ port: accepted.localPort!, host: '127.0.0.1' });
    onTestFinished(() => void socket.destroy());
    if (!takesDirectWrites(socket)) throw new Error('this Node is not known');
    expect(writeDirectly(socket, [Buffer.from('x')])).toBeUndefined();
  });

  describe('of a Node that is not known', () => {
    afterEach(() => {
      vi.doUnmock('node:net');
      vi.resetModules();
    });

    test.each<[string, object, boolean]>([
      ['as it is', {}, true],
      ['no _writeGeneric', { _writeGeneric: undefined }, false],
      ['a _writeGeneric with other arguments', { _writeGeneric: () => {} }, false],
      ['no state', { _writableState: undefined }, false],
      ['a state without writing', { _writableState: { length: 0, corked: 0 } }, false],
      ['a state without corked', { _writableState: { length: 0, writing: false } }, false],
    ])('%s: %o', async (_name, changes, takes) => {
      const { peer } = await openSockets();
      class Changed extends Socket {
        constructor() {
          super();
          for (const [name, value] of Object.entries(changes)) Object.defineProperty(this, name, { value });
        }
        override destroy(): this {
          return this;
        }
        static override [Symbol.hasInstance](value: unknown): boolean {
          return value instanceof Socket;
        }
      }
      vi.doMock('node:net', () => ({ Socket: Changed, default: { Socket: Changed } }));
      const fresh = await import('../../../../../src/node/socket/writes/direct-writes.js');
      expect(fresh.takesDirectWrites(peer)).toBe(takes);
    });
  });
});

describe.each([true, false])('connections with directWrites: %s', (directWrites) => {
  test('deliver everything in order, and call back when it has left', async () => {
    const { client, served } = await openPair({ server: ours, client: ours }, { directWrites }, { directWrites });
    for (const [sender, receiver] of [
      [client, served],
      [served, client],
    ] as const) {
      const received: number[] = [];
      const called: number[] = [];
      receiver.on('message', (data) => received.push((data as Buffer).length));
      receiver.pause();
      const lengths = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? i : i * 40_000));
      for (const [i, length] of lengths.entries()) {
        sender.send(Buffer.alloc(length), (error) => called.push(error ? -1 : length));
        if (i % 5 === 0) await turn();
      }
      expect(sender.bufferedAmount).toBeGreaterThan(0);
      receiver.resume();
      await expect.poll(() => received.length, { timeout: 20_000 }).toBe(lengths.length);
      await expect.poll(() => called.length).toBe(lengths.length);
      expect([received, called]).toEqual([lengths, lengths]);
      expect(sender.bufferedAmount).toBe(0);
    }
  });
});
