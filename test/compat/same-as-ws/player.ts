// One side of a scenario: does what it is told, and writes down what comes, a line each.

import { createHash } from 'node:crypto';
import type { WebSocket } from '../../../src/node/index.js';
import { next } from '../../support/servers/servers.js';
import type { Data, Op, Step } from './scenarios.js';

const MARK = 'mark ';

/** One side: does what it is told, and writes down what comes. */
export class Player {
  readonly webSocket: WebSocket;
  readonly closed: Promise<unknown>;
  /** An error, or the end: what was on its way may never come. */
  readonly failed: Promise<unknown>;
  /** It, or its peer, has been cut: what comes then is not compared but for `close`. */
  isCut = false;
  hasFailed = false;
  /** It has been paused while its peer ended: whether its socket has gone when it reads on is the system's. */
  #wasLate = false;
  readonly #trace: string[];
  readonly #isSpaced: boolean;
  readonly #blobs: Promise<void>[] = [];
  readonly #reactions: { when: Step['when']; ops: readonly Op[] }[] = [];
  readonly #listeners = new Map<string, (...args: unknown[]) => void>();
  /** Which callbacks have been called, in order. */
  readonly #succeeded: number[] = [];
  readonly #failed: number[] = [];
  #pending = 0;
  #sent = 0;
  #marks = 0;
  #onMark: ((text: string) => void) | undefined;

  constructor(webSocket: WebSocket, trace: string[], options: Readonly<Record<string, unknown>>) {
    this.webSocket = webSocket;
    this.#isSpaced = options.allowSynchronousEvents === false;
    this.#trace = trace;
    this.closed = next(webSocket, 'close');
    this.failed = Promise.race([this.closed, next(webSocket, 'error')]);
    webSocket.on('open', () => this.#opened());
    if (webSocket.readyState === 1) this.#opened();
    webSocket.on('message', (data, isBinary) => this.#came('message', () => `${isBinary} ${this.#describe(data)}`));
    for (const name of ['ping', 'pong'] as const) {
      webSocket.on(name, (data) => {
        const text = data.toString('latin1');
        if (!text.startsWith(MARK)) this.#came(name, () => describe(data));
        else if (name === 'ping') this.#onMark?.(text);
      });
    }
    webSocket.on('error', (error) => {
      this.hasFailed = true;
      this.#came('error', () => describeError(error));
    });
    webSocket.on('close', (code, reason) =>
      this.#came('close', () => (this.isCut ? '' : `${code} ${reason.toString('hex')}`)),
    );
  }

  /** Until all that this side has sent has come to the other. */
  async mark(other: Player): Promise<void> {
    if (other.webSocket.isPaused || this.webSocket.readyState !== 1) return;
    // Ours lets a ping overtake a long message that is being compressed.
    while (this.webSocket.bufferedAmount > 0 && this.webSocket.readyState === 1) await turn();
    if (this.webSocket.readyState !== 1) return;
    const text = `${MARK}${++this.#marks}`;
    const came = new Promise<void>((resolve) => {
      other.#onMark = (mark) => mark === text && resolve();
    });
    this.webSocket.ping(text);
    await came;
  }

  play(when: Step['when'], ops: readonly Op[]): void {
    if (when !== 'now') this.#reactions.push({ when, ops });
    else for (const op of ops) this.#do(op);
  }

  readToTheEnd(): void {
    this.#wasLate ||= this.webSocket.isPaused;
    this.webSocket.resume();
  }

  /** When nothing comes any more. */
  async finish(isRacy: boolean): Promise<void> {
    await Promise.all(this.#blobs);
    for (let turns = 0; this.#pending > 0 && turns < 1000; turns++) await turn();
    const called = isRacy
      ? this.#succeeded.length + this.#failed.length
      : `${this.#succeeded.join(' ')} failed ${this.#failed.join(' ')}`;
    this.#trace.push(`  callbacks ${called} missing ${this.#pending}`);
  }

  #opened(): void {
    const { readyState, protocol, extensions } = this.webSocket;
    this.#trace.push(`open ${readyState} ${protocol} ${extensions.split(';')[0]}`);
  }

  #came(name: string, what: () => string): void {
    if (this.isCut && name !== 'close') return;
    // Where `ws` has inflated late, this side has read late, or events are spaced, the socket may have gone meanwhile.
    const isLate = this.#wasLate || this.#isSpaced || this.webSocket.extensions !== '';
    this.#trace.push(`${name} ${isLate ? '' : `@${this.webSocket.readyState}`} ${what()}`);
    const index = this.#reactions.findIndex(({ when }) => when === name);
    if (index === -1) return;
    for (const { ops } of this.#reactions.splice(index, 1)) for (const op of ops) this.#do(op);
  }

  #do(op: Op): void {
    let result = '';
    try {
      this.#call(op);
    } catch (error) {
      result = ` throws ${(error as Error).constructor.name}`;
    }
    if (!this.isCut) this.#trace.push(`  ${op.call}${result} @${this.webSocket.readyState}`);
  }

  #call(op: Op): void {
    const { webSocket } = this;
    switch (op.call) {
      case 'send':
        webSocket.send(make(op.data), op.options, this.#callback(op.hasCallback));
        break;
      case 'ping':
      case 'pong':
        webSocket[op.call](op.data && make(op.data), undefined, this.#callback(op.hasCallback));
        break;
      case 'close':
        webSocket.close(...(op.args as [number, string]));
        break;
      case 'binaryType':
        webSocket.binaryType = op.value as 'blob';
        break;
      case 'replacePong': {
        const { pong } = webSocket;
        webSocket.pong = (...args: unknown[]) => {
          if (!this.isCut && !String(args[0]).startsWith(MARK)) {
            this.#trace.push(`    its pong ${describe(args[0])} ${args[1]}`);
          }
          Reflect.apply(pong, webSocket, args);
        };
        break;
      }
      case 'expando': {
        // As an assignment in strict mode does: what cannot be set throws.
        if (!Reflect.set(webSocket, op.name, 'mine')) throw new TypeError('it cannot be set');
        this.#trace.push(`    ${String(Reflect.get(webSocket, op.name))}`);
        Reflect.deleteProperty(webSocket, op.name);
        break;
      }
      case 'add': {
        const listener = this.#listener(`event ${op.type} ${op.id}`);
        const handler = op.isObject ? { handleEvent: listener } : listener;
        webSocket.addEventListener(op.type, handler, { once: op.once });
        break;
      }
      case 'remove':
        webSocket.removeEventListener(op.type, this.#listener(`event ${op.type} ${op.id}`));
        break;
      case 'attribute': {
        const listener = op.id === null ? null : this.#listener(`on${op.type} ${op.id}`);
        webSocket[`on${op.type}`] = listener;
        if (webSocket[`on${op.type}`] !== listener) throw new Error('it is not what it was set to');
        break;
      }
      case 'on':
      case 'once':
      case 'off':
        webSocket[op.call](op.type, this.#listener(`emitter ${op.type} ${op.id}`));
        break;
      default:
        webSocket[op.call]();
    }
  }

  /** One and the same of a name, so that it can be removed. */
  #listener(name: string): (...args: unknown[]) => void {
    let listener = this.#listeners.get(name);
    if (listener === undefined) {
      listener = (...args) => {
        if (!this.isCut) this.#trace.push(`    ${name} (${args.length}) ${this.#describeEvent(args[0])}`);
      };
      this.#listeners.set(name, listener);
    }
    return listener;
  }

  #describeEvent(event: unknown): string {
    if (typeof event !== 'object' || event === null || !('target' in event)) return typeof event;
    const { type, target, code, reason, wasClean, data, error } = event as Record<string, unknown>;
    const said = data === undefined ? '' : this.#describe(data);
    const clean = wasClean === undefined ? '' : `wasClean ${wasClean}`;
    return [type, target === this.webSocket, code, reason, clean, said, error && describeError(error)].join(' ');
  }

  /** What a message is, and what is in it; of a Blob that is read later. */
  #describe(data: unknown): string {
    // The fragments of a compressed message are one (docs/reference/ws-compatibility.md).
    if (Array.isArray(data) && this.webSocket.extensions !== '') return `[${describe(Buffer.concat(data))}]`;
    if (!(data instanceof Blob)) return describe(data);
    const index = this.#trace.length;
    this.#blobs.push(
      data.arrayBuffer().then((bytes) => {
        this.#trace[index] += ` ${describe(bytes)}`;
      }),
    );
    return 'Blob';
  }

  #callback(isWanted: boolean): ((error?: Error | null) => void) | undefined {
    if (!isWanted) return undefined;
    const id = ++this.#sent;
    this.#pending++;
    return (error) => {
      this.#pending--;
      // Ours tells of a refusal at once, and of what was sent before when it has left.
      (error ? this.#failed : this.#succeeded).push(id);
    };
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function describe(data: unknown): string {
  if (typeof data === 'string') return `string ${data.length} ${digest(Buffer.from(data))}`;
  if (Array.isArray(data)) return `[${data.map(describe).join(', ')}]`;
  if (data instanceof ArrayBuffer) return `ArrayBuffer ${data.byteLength} ${digest(Buffer.from(data))}`;
  return Buffer.isBuffer(data) ? `Buffer ${data.length} ${digest(data)}` : String(data);
}

function digest(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex').slice(0, 8);
}

/** The codes that `ws` documents; of other errors that there was one. */
function describeError(error: unknown): string {
  const code = (error as { code?: string }).code ?? '';
  return code.startsWith('WS_ERR_') ? code : 'error';
}

function make({ shape, length, isInvalid }: Data): string {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = 32 + (Math.floor((i * i) / 8) % 90);
  if (isInvalid) bytes.fill(0xff, length >> 1);
  const { buffer, byteOffset } = bytes;
  const made: Record<Data['shape'], () => unknown> = {
    string: () => (isInvalid ? 'é'.repeat(length >> 1) : bytes.toString('latin1')),
    Buffer: () => bytes,
    Uint8Array: () => new Uint8Array(buffer, byteOffset, length),
    Uint16Array: () => new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (length & ~1))),
    DataView: () => new DataView(buffer, byteOffset, length),
    ArrayBuffer: () => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length),
    Blob: () => new Blob([bytes]),
    number: () => length,
    null: () => null,
  };
  return made[shape]() as string;
}
