// Carries out a script on a WebSocket of wsimd or `ws`, at either end of a connection.

import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { broadcast, PreparedMessage, WebSocket } from '../../../../src/node/index.js';
import { DeliberateError } from '../../guard.js';
import type { Action, Ending, FragmentsAction, InListener, Script, SendAction } from '../script/actions.js';
import { bytesOfContent, type Content, digestOf, type Form, type Shaped, shape, textOf } from '../script/payloads.js';
import { EndLog, type EndReport } from '../verdict/log.js';

type Callback = (error?: Error | null) => void;

/** What a script calls: wsimd's WebSocket and that of `ws` both have it. */
export interface SocketLike extends EventEmitter {
  readonly readyState: number;
  /** Of both, though the types of `ws` leave it out. */
  readonly _socket?: Duplex | null;
  binaryType: string;
  send(data: Shaped['data'], options: object, callback: Callback): void;
  ping(data: Buffer, mask: undefined, callback: Callback): void;
  pong(data: Buffer, mask: undefined, callback: Callback): void;
  close(code?: number, reason?: string | Buffer): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

export interface EndpointOptions {
  readonly name: string;
  readonly isServer: boolean;
  readonly script: Script;
  /** Resets the connection below the WebSocket. */
  readonly reset: (socket: SocketLike) => void;
  /** The endpoints of the same round in this process. */
  readonly neighbours: () => Iterable<Endpoint>;
}

const [OPEN, CLOSED] = [1, 3];
/** Bytes: `WebSocket.send` documents that a server may read longer ones until the callback. */
const BORROWED_LENGTH = 128 * 1024;
/** No frame begins like this: all reserved bits are set. */
const GARBAGE = Buffer.from('ffffffffffffffffffffffffffffffff', 'hex');
/** Milliseconds that an end waits for the other before it closes by itself. */
const LEAVE_DELAY = 300;
/** Milliseconds in which every callback must have come once the connection has closed. */
const CALLBACK_PATIENCE = 8000;
/** `WSIMD_CHAOS_OVERWRITE=late`: nothing is overwritten before its callback, to look past faults of that kind. */
const OVERWRITES_LATE = process.env.WSIMD_CHAOS_OVERWRITE === 'late';

export class Endpoint {
  readonly log: EndLog;
  /** Fulfilled when the connection has closed and nothing more is expected. */
  readonly finished: Promise<EndReport>;
  readonly socket: SocketLike;
  readonly #options: EndpointOptions;
  readonly #isOurs: boolean;
  readonly #armed: InListener[] = [];
  #isInFragments = false;
  #corkedActions = 0;
  #started = false;

  constructor(socket: SocketLike, options: EndpointOptions) {
    this.socket = socket;
    this.#options = options;
    this.#isOurs = socket instanceof WebSocket;
    this.log = new EndLog(options.name, false);
    this.#listen();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    this.finished = closed.then(() => this.#finish());
  }

  #listen(): void {
    const { socket, log } = this;
    socket.on('open', () => {
      log.wasOpened = true;
    });
    socket.on('message', (data: unknown, isBinary: boolean) => {
      log.receive(data, isBinary);
      const armed = this.#armed.shift();
      if (armed !== undefined) this.#inListener(armed);
    });
    socket.on('ping', (data: Buffer) => void log.pingsReceived.push(data.toString('hex')));
    socket.on('pong', (data: Buffer) => void log.pongsReceived.push(data.toString('hex')));
    socket.on('error', (error: Error & { code?: string }) => void log.errors.push(`${error.code}: ${error.message}`));
    socket.on('close', (code: number, reason: Buffer) => void log.closes.push({ code, reason: reason.toString() }));
  }

  /** Runs the script to its end, or until the connection has closed. */
  async run(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    this.log.wasOpened = true;
    const { actions, ending } = this.#options.script;
    for (const [at, action] of actions.entries()) {
      this.log.progress = `action ${at}: ${action.do}`;
      if (this.socket.readyState === CLOSED) return;
      await this.#perform(action);
      if (this.#corkedActions > 0 && --this.#corkedActions === 0) this.#uncork();
    }
    if (this.#corkedActions > 0) this.#uncork();
    this.log.progress = `ending: ${ending.do}`;
    await this.#end(ending);
  }

  async #perform(action: Action): Promise<void> {
    switch (action.do) {
      case 'send':
        this.#send(action);
        return;
      case 'fragments':
        this.#sendFragments(action);
        return;
      case 'prepared':
        this.#sendPrepared(action);
        return;
      case 'broadcast':
        this.#broadcast(action);
        return;
      case 'ping':
      case 'pong':
        this.#sendControl(action.do, action.length);
        return;
      case 'pause':
        this.#pause(action.milliseconds);
        return;
      case 'cork':
        if (!(this.socket instanceof WebSocket) || this.#corkedActions > 0) return;
        this.#corkedActions = action.count + 1;
        this.socket.cork();
        return;
      case 'arm':
        // With `ws`, an error thrown by a listener leaves the receiver in the middle of its chunk.
        if (action.what !== 'throw' || this.#isOurs) this.#armed.push(action.what);
        return;
      case 'binaryType':
        // `ws` applies the type to the message that it is assembling, too.
        this.socket.binaryType = action.type;
        return;
      case 'wait':
        if (action.milliseconds === 0) await nextTurn();
        else await sleep(action.milliseconds);
    }
  }

  #uncork(): void {
    this.#corkedActions = 0;
    if (this.socket instanceof WebSocket) this.socket.uncork();
  }

  /** Sends bytes and overwrites them as soon as the documentation of `send` allows it. */
  #sendBytes(bytes: Buffer, form: Form, options: object): void {
    // `ws` takes no list of buffers.
    const { data, overwrite } = shape(bytes, form === 'buffers' && !this.#isOurs ? 'buffer' : form);
    const isBorrowed = this.#mayBorrow || (this.#options.isServer && bytes.length >= BORROWED_LENGTH);
    this.socket.send(data, options, this.log.callback(isBorrowed ? overwrite : undefined));
    if (!isBorrowed) overwrite();
  }

  /** `ws` may read what it was given until the callback. */
  get #mayBorrow(): boolean {
    return !this.#isOurs || OVERWRITES_LATE;
  }

  get #isOpen(): boolean {
    return this.socket.readyState === OPEN;
  }

  #send({ content, isText, form, compress }: SendAction): void {
    const bytes = bytesOfContent(content);
    if (this.#isOpen) this.log.sent.push(digestOf(bytes, !isText));
    this.#sendBytes(bytes, form, { binary: !isText, compress });
  }

  #sendFragments({ contents, isText, compress, pings }: FragmentsAction): void {
    const fragments = contents.map(bytesOfContent);
    const whole = Buffer.concat(fragments);
    for (const [at, fragment] of fragments.entries()) {
      const isLast = at === fragments.length - 1;
      this.#isInFragments = !isLast;
      if (isLast && this.#isOpen) this.log.sent.push(digestOf(whole, !isText));
      this.#sendBytes(fragment, 'buffer', { binary: !isText, compress, fin: isLast });
      if (pings && !isLast) this.#sendControl('ping', at);
    }
  }

  #sendPrepared({ content, isText }: { content: Content; isText: boolean }): void {
    if (!(this.socket instanceof WebSocket)) return;
    const bytes = bytesOfContent(content);
    if (this.#isOpen) this.log.sent.push(digestOf(bytes, !isText));
    const message = new PreparedMessage(isText ? textOf(content) : bytes);
    this.socket.sendPrepared(message, this.log.callback());
  }

  #broadcast({ content, isText }: { content: Content; isText: boolean }): void {
    if (!this.#isOurs) return;
    const sockets: WebSocket[] = [];
    const bytes = bytesOfContent(content);
    for (const { socket, log, isBetweenMessages } of this.#options.neighbours()) {
      if (!(socket instanceof WebSocket) || !isBetweenMessages || socket.readyState !== OPEN) continue;
      sockets.push(socket);
      log.sent.push(digestOf(bytes, !isText));
    }
    const { data, overwrite } = shape(bytes, 'uint8array');
    const count = broadcast(sockets, data as Uint8Array, { binary: !isText });
    if (!OVERWRITES_LATE) overwrite();
    if (count !== sockets.length) this.log.faults.push(`broadcast reached ${count} of ${sockets.length} connections`);
  }

  /** No message is being sent in fragments. */
  get isBetweenMessages(): boolean {
    return !this.#isInFragments;
  }

  #sendControl(type: 'ping' | 'pong', length: number): void {
    const { socket, log } = this;
    const list = type === 'ping' ? log.pingsSent : log.pongsSent;
    const data = Buffer.alloc(length, list.length);
    if (this.#isOpen) list.push(data.toString('hex'));
    const overwrite = () => void data.fill(0x7e);
    socket[type](data, undefined, log.callback(this.#mayBorrow ? overwrite : undefined));
    if (!this.#mayBorrow) overwrite();
  }

  #pause(milliseconds: number): void {
    this.socket.pause();
    setTimeout(() => this.socket.resume(), milliseconds);
  }

  #inListener(what: InListener): void {
    if (what === 'throw') throw new DeliberateError('thrown by a message listener of the chaos test');
    if (what === 'pause') this.#pause(3);
    if (what === 'close') this.#close(1000, '');
    if (what === 'terminate') this.#cut('terminate');
    if (what === 'send' && this.isBetweenMessages) {
      const content = { kind: 'ascii', start: this.log.receivedCount, length: 300 } as const;
      this.#send({ do: 'send', content, isText: false, form: 'buffer', compress: true });
    }
  }

  #close(code: number | undefined, reason: string): void {
    if (this.#isOpen) this.log.closedWith.push(code ?? 1005);
    const bytes = Buffer.from(reason);
    this.socket.close(code, bytes);
    bytes.fill(0x7e);
  }

  #cut(how: 'terminate' | 'reset' | 'end' | 'garbage'): void {
    const { socket, log } = this;
    if (socket.readyState === CLOSED) return;
    log.cuts.add(how);
    if (how === 'terminate') socket.terminate();
    else if (how === 'reset') this.#options.reset(socket);
    else if (how === 'end') socket._socket?.end();
    else if (socket._socket?.writable === true) socket._socket.write(GARBAGE);
  }

  async #end(ending: Ending): Promise<void> {
    const { socket } = this;
    if (ending.do === 'close') {
      this.#close(ending.code, ending.reason);
      if (ending.sendsOn) {
        const content = { kind: 'zeros', start: 0, length: 100 } as const;
        this.#send({ do: 'send', content, isText: false, form: 'buffer', compress: true });
      }
      return;
    }
    if (ending.do !== 'leave' && ending.do !== 'half') this.#cut(ending.do);
    const timer = new AbortController();
    await Promise.race([this.finished, sleep(LEAVE_DELAY, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    if (socket.readyState === OPEN) this.#close(1000, 'left alone');
  }

  async #finish(): Promise<EndReport> {
    const { log } = this;
    for (let waited = 0; !log.areCallbacksDone && waited < CALLBACK_PATIENCE; waited += 20) await sleep(20);
    // A second `close` event would come by now.
    await sleep(20);
    return log.report();
  }
}
