// src/node/socket/writes/flush-schedule.ts: when what was sent is written, and that nothing keeps it from being written.

import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocket } from '../../../../../src/node/index.js';
import { FlushSchedule } from '../../../../../src/node/socket/writes/flush-schedule.js';
import { IMPLEMENTATIONS, openPair, record } from '../../../../support/peers/implementations.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const ours = IMPLEMENTATIONS.find(([name]) => name === 'wsimd')![1];
const pair = { server: ours, client: ours };

function scheduleOf(flush: () => void): FlushSchedule {
  return new FlushSchedule({ flushUnlessHeld: flush, flushAtExit: flush });
}

/** A queue that writes down when it is flushed: called for each send. */
function recording(log: string[], name: string): () => void {
  const schedule = scheduleOf(() => log.push(name));
  return () => {
    if (schedule.schedule()) log.push(name);
  };
}

describe('FlushSchedule', () => {
  it('writes the first send of a quiet connection at once, and what is behind it at the end of the turn', async () => {
    const log: string[] = [];
    const send = recording(log, 'flush');
    send();
    expect(log).toEqual(['flush']);
    send();
    send();
    await new Promise((resolve) => process.nextTick(resolve));
    expect(log).toEqual(['flush']);
    await turn();
    expect(log).toEqual(['flush', 'flush']);
  });

  it('gathers what is sent in other callbacks of the turn too', async () => {
    const log: string[] = [];
    const send = recording(log, 'flush');
    for (let i = 0; i < 8; i++) {
      setImmediate(() => {
        log.push('send');
        send();
      });
    }
    for (let i = 0; i < 3; i++) await turn();
    expect(log).toEqual(['send', 'flush', ...Array(7).fill('send'), 'flush']);
  });

  it('gathers from the first send on where the turn before needed a second write, and until one send is alone', async () => {
    const log: string[] = [];
    const send = recording(log, 'flush');
    const sendInTurn = async (count: number) => {
      for (let i = 0; i < count; i++) setImmediate(send);
      for (let i = 0; i < 3; i++) await turn();
      return log.splice(0).length;
    };
    const writes: number[] = [];
    for (const count of [4, 4, 4, 1, 1]) writes.push(await sendInTurn(count));
    expect(writes).toEqual([2, 1, 1, 1, 1]);
    // Quiet again.
    send();
    expect(log).toEqual(['flush']);
  });

  it('flushes the others where one throws at the end of the turn', async () => {
    const log: string[] = [];
    const thrown: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error.message));
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    });
    const broken = scheduleOf(() => {
      throw new Error('b');
    });
    const sends = [recording(log, 'a'), () => broken.schedule(), recording(log, 'c')];
    for (const send of sends) send();
    expect(log.splice(0)).toEqual(['a', 'c']);
    for (const send of sends) send();
    await expect.poll(() => [log, thrown]).toEqual([['a', 'c'], ['b']]);
  });
});

describe('what is sent', () => {
  /** Counts the writes of a connection. */
  function countWrites(webSocket: WebSocket): { count: number } {
    const socket = webSocket._socket!;
    const writes = { count: 0 };
    const { write } = socket;
    socket.write = ((...args: Parameters<typeof write>) => {
      writes.count++;
      return write.apply(socket, args);
    }) as typeof write;
    return writes;
  }

  it('in answers behind an await of an immediate, leaves in two writes a turn at most, in order', async () => {
    const { client, served } = await openPair(pair);
    served.on('message', async (data) => {
      await turn();
      served.send(data);
    });
    const messages = record(client, ['message']);
    const writes = countWrites(served);
    for (let i = 0; i < 16; i++) client.send(String(i));
    await expect.poll(() => messages.length).toBe(16);
    expect(messages.map(([, data]) => String(data))).toEqual(Array.from({ length: 16 }, (_, i) => String(i)));
    expect(writes.count).toBeLessThanOrEqual(2);
  });

  it.each(['close', 'terminate'] as const)('within a turn leaves before the %s behind it', async (end) => {
    const { client, served } = await openPair(pair);
    const messages = record(client, ['message', 'close']);
    setImmediate(() => served.send('one'));
    setImmediate(() => served.send('two'));
    setImmediate(() => {
      served.send('three');
      served[end]();
    });
    await expect.poll(() => messages.length).toBe(4);
    expect(messages.slice(0, 3).map(([, data]) => String(data))).toEqual(['one', 'two', 'three']);
  });

  it('leaves though a test has put a clock of its own in the place of timers', async () => {
    const { client, served } = await openPair(pair);
    const messages: string[] = [];
    client.on('message', (data) => messages.push(String(data)));
    const realTimeout = setTimeout;
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    served.send('one');
    await new Promise((resolve) => realTimeout(resolve, 50));
    served.send('two');
    await new Promise((resolve) => realTimeout(resolve, 50));
    expect(messages).toEqual(['one', 'two']);
  });

  it.each([
    ['send', "socket.send('last words')"],
    ['close', "socket.send('last words'); socket.close(1001, 'gone')"],
    [
      'several turns',
      "socket.send('first'); setImmediate(() => { socket.send('last words'); process.exit(); }); return",
    ],
    [
      'listeners of exit',
      "const say = () => { socket.send('first'); socket.send('last words'); }; process.on('exit', say); setTimeout(() => process.exit()); return",
    ],
    [
      'a listener of exit, in a message',
      "process.on('exit', () => { socket.send('first'); socket.send('last words'); })",
    ],
    [
      'a broadcast that is under way',
      "const all = function* () { yield socket; process.exit(); }; setImmediate(() => { socket.send('first'); broadcast(all(), 'last words'); }); return",
    ],
  ])('right before process.exit() arrives: %s', async (_name, statements) => {
    const api = new URL('../../../../../build/src/node/index.js', import.meta.url).href;
    const program = `
      import { broadcast, WebSocket, WebSocketServer } from ${JSON.stringify(api)};
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => process.send(server.address().port));
      server.on('connection', (socket) => socket.on('message', () => { ${statements}; process.exit(); }));
    `;
    const folder = mkdtempSync(join(tmpdir(), 'wsimd-exit-'));
    writeFileSync(join(folder, 'program.mjs'), program);
    const child = fork(join(folder, 'program.mjs'));
    onTestFinished(() => {
      child.kill();
      rmSync(folder, { recursive: true });
    });
    const port = await new Promise<number>((resolve) => child.once('message', (value) => resolve(value as number)));
    const client = new ours.WebSocket(`ws://127.0.0.1:${port}`);
    const messages: string[] = [];
    client.on('message', (data) => messages.push(String(data)));
    client.on('open', () => client.send('go'));
    await new Promise((resolve) => client.on('close', resolve));
    expect(messages.at(-1)).toBe('last words');
  });
});
