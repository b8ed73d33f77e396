// A client that keeps the rules, beside the hostile ones: it must be served all the time.

import type { EventEmitter } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket as Ws } from 'ws';
import { WebSocket } from '../../../../src/node/index.js';
import type { Configuration } from './configurations.js';

/** Milliseconds for an echo. It takes a few, unless the machine is very busy or the server is held up. */
const PATIENCE = 10_000;

/** What wsimd's WebSocket and that of `ws` have in common here. */
interface HonestSocket extends EventEmitter {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  terminate(): void;
}

const OPEN = 1;

/** Waits until it is open or has failed, or for as long as a busy machine may take. */
function opened(socket: HonestSocket): Promise<unknown> {
  const settled = new Promise((resolve) => socket.once('open', resolve).once('close', resolve));
  return Promise.race([settled, sleep(PATIENCE, undefined, { ref: false })]);
}

export class HonestClient {
  readonly #socket: HonestSocket;
  readonly #end: () => void;
  #waiting: (() => void) | undefined;
  #expected = '';
  #count = 0;

  private constructor(socket: HonestSocket, end: () => void) {
    this.#socket = socket;
    this.#end = end;
    socket.on('message', (data: unknown) => {
      if (String(data) === this.#expected) this.#waiting?.();
    });
  }

  static async connect({ transport, isSecure, path }: Configuration, port: number): Promise<HonestClient> {
    if (transport === 'http2') {
      const session = connectHttp2(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
      session.on('error', () => {});
      const socket = new WebSocket(`${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}${path}`, { session });
      socket.on('error', () => {});
      await opened(socket);
      return new HonestClient(socket, () => session.close());
    }
    const socket = new Ws(`${transport === 'tls' ? 'wss' : 'ws'}://127.0.0.1:${port}${path}`, {
      rejectUnauthorized: false,
    });
    socket.on('error', () => {});
    await opened(socket);
    return new HonestClient(socket, () => {});
  }

  /** @returns undefined once a message has come back; what went wrong otherwise */
  async echo(): Promise<string | undefined> {
    if (this.#socket.readyState !== OPEN) return `readyState ${this.#socket.readyState}`;
    this.#expected = `honest ${++this.#count}`;
    const echoed = new Promise<undefined>((resolve) => {
      this.#waiting = () => resolve(undefined);
    });
    this.#socket.send(this.#expected);
    return Promise.race([echoed, sleep(PATIENCE, `no echo within ${PATIENCE} ms`, { ref: false })]);
  }

  close(): void {
    if (this.#socket.readyState === OPEN) this.#socket.close();
    else this.#socket.terminate();
    this.#end();
  }
}
