// Sends the parts of a stream as fragments of one message, and reads the stream only as fast as the connection takes them.

import { Buffer } from 'node:buffer';
import { ProtocolError } from '../../protocol/errors.js';
import type { Outgoing } from '../socket/writes/outgoing.js';
import { isBlob, type Sendable, toPayload } from '../websocket/sendable.js';

/** A source of the parts of one message, for `WebSocket.sendStream`. */
export type StreamSource = Iterable<Sendable> | AsyncIterable<Sendable> | ReadableStream<Sendable>;

/** How `WebSocket.sendStream` sends. */
export interface SendStreamOptions {
  /** Send it as binary (true) or text (false). Default: text if the first part is a string or a number. */
  readonly binary?: boolean | undefined;
  /** Compress it (default true), if compression was negotiated. */
  readonly compress?: boolean | undefined;
  /** Aborts the message. If part of it has been sent, the connection ends too, because a message cannot be taken back. */
  readonly signal?: AbortSignal | undefined;
  /** The next part is read once at most this many bytes are pending. 0 or more (default 262,144). */
  readonly highWaterMark?: number | undefined;
}

const DEFAULT_HIGH_WATER_MARK = 256 * 1024;
const LAST_HIGH_SURROGATE = /[\ud800-\udbff]$/;

export class StreamSending {
  readonly #iterator: AsyncIterator<Sendable> | Iterator<Sendable>;
  readonly #options: SendStreamOptions;
  readonly #highWaterMark: number;
  readonly #promise: Promise<void>;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  /** Why sending has stopped: the signal was aborted, or the connection has ended. */
  #stopped: { readonly reason: unknown } | undefined;
  /** Rejects the wait that is under way. */
  #interrupt: (reason: unknown) => void = () => {};
  /** The type of the first part. */
  #isText: boolean | undefined;
  /** Undefined before the first fragment. */
  #isBinary: boolean | undefined;
  /** Fragments that may be pending, oldest first. Waiting only for the oldest leaves the system more to write meanwhile. */
  readonly #unsent: Promise<void>[] = [];
  /** A high surrogate that ends a string; the other half of the character begins the next string, unless bytes come between. */
  #half = '';

  /** @throws TypeError, RangeError */
  constructor(source: StreamSource, options: SendStreamOptions) {
    const { highWaterMark = DEFAULT_HIGH_WATER_MARK } = options;
    if (!(highWaterMark >= 0)) throw new RangeError(`highWaterMark is a number of bytes, not ${highWaterMark}`);
    this.#iterator = iteratorOf(source);
    this.#options = options;
    this.#highWaterMark = highWaterMark;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Rejects without sending anything. */
  reject(error: Error): Promise<void> {
    this.#close();
    this.#reject(error);
    return this.#promise;
  }

  start(outgoing: Outgoing): Promise<void> {
    const { signal } = this.#options;
    const abort = () => {
      // Rejects at once, even while the message is still queued.
      if (this.#isBinary === undefined) this.#reject(signal?.reason);
      this.#stop(signal?.reason);
    };
    if (signal?.aborted) {
      abort();
      this.#close();
      return this.#promise;
    }
    signal?.addEventListener('abort', abort, { once: true });
    outgoing.sendStream(
      () => this.#run(outgoing),
      (error) => {
        this.#stop(error);
        this.#reject(error);
      },
    );
    return this.#promise.finally(() => signal?.removeEventListener('abort', abort));
  }

  /** See `QueuedSend.stream`. */
  async #run(outgoing: Outgoing): Promise<void> {
    try {
      if (outgoing.isMessageOpen) throw new ProtocolError('WSIMD_MESSAGE_OPEN');
      for (;;) {
        const { done, value } = await this.#unlessStopped(this.#iterator.next());
        if (done) break;
        await this.#send(outgoing, await this.#read(value));
      }
    } catch (error) {
      this.#close();
      this.#reject(error);
      const isRefused = error instanceof ProtocolError && error.code === 'WSIMD_NOT_OPEN';
      if (this.#isBinary !== undefined && !isRefused) throw error;
      return;
    }
    const isBinary = this.#isBinary ?? this.#options.binary ?? !this.#isText;
    try {
      outgoing.sendNow(this.#half, isBinary, true, this.#compress, (error) =>
        error ? this.#reject(error) : this.#resolve(),
      );
    } catch (error) {
      this.#reject(error);
    }
  }

  get #compress(): boolean {
    return this.#options.compress ?? true;
  }

  async #read(part: Sendable): Promise<string | Uint8Array> {
    const payload = toPayload(part);
    this.#isText ??= typeof payload === 'string';
    return isBlob(payload) ? new Uint8Array(await this.#unlessStopped(payload.arrayBuffer())) : payload;
  }

  async #send(outgoing: Outgoing, payload: string | Uint8Array): Promise<void> {
    let part = payload;
    if (typeof part === 'string') {
      part = this.#half + part;
      this.#half = LAST_HIGH_SURROGATE.exec(part)?.[0] ?? '';
      part = part.slice(0, part.length - this.#half.length);
    } else if (part.length > 0 && this.#half !== '') {
      // No other half follows: as at the end of a message, it becomes U+FFFD.
      part = toPayload([Buffer.from(this.#half), part]) as Uint8Array;
      this.#half = '';
    }
    // An empty fragment carries nothing, and many of them look like an attack.
    if (part.length === 0) return;
    this.#isBinary ??= this.#options.binary ?? !this.#isText;
    const isBinary = this.#isBinary;
    const sent = new Promise<void>((resolve, reject) => {
      outgoing.sendNow(part, isBinary, false, this.#compress, (error) => (error ? reject(error) : resolve()));
    });
    sent.catch((error: unknown) => this.#stop(error));
    this.#unsent.push(sent);
    while (outgoing.length > this.#highWaterMark && this.#unsent.length > 0) {
      await this.#unlessStopped(this.#unsent.shift());
    }
    if (outgoing.length <= this.#highWaterMark) this.#unsent.length = 0;
  }

  /** Waits for a step, unless sending stops. `Promise.race` would keep a reaction for each part until the end. */
  #unlessStopped<T>(step: T | PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      if (this.#stopped !== undefined) reject(this.#stopped.reason);
      Promise.resolve(step).then(resolve, reject);
    });
  }

  #stop(reason: unknown): void {
    this.#stopped ??= { reason };
    this.#interrupt(reason);
  }

  /** Tells the source that no more parts are needed. If that fails, the error is ignored. */
  #close(): void {
    try {
      Promise.resolve(this.#iterator.return?.()).catch(() => {});
    } catch {
      // As above.
    }
  }
}

/** @throws TypeError */
function iteratorOf(source: StreamSource): AsyncIterator<Sendable> | Iterator<Sendable> {
  const isOne = typeof source === 'string' || ArrayBuffer.isView(source);
  if (!isOne && typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return (source as AsyncIterable<Sendable>)[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw new TypeError(
    'sendStream takes an iterable, an async iterable or a ReadableStream; use send for a single value',
  );
}
