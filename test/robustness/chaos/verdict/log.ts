// What one end of a connection did and saw, written down while it happens and handed to the verifier as plain data.

import { digestOf, isOverwritten } from '../script/payloads.js';

/** Things that an end does which may cost messages that are under way. */
export type Cut = 'terminate' | 'reset' | 'end' | 'garbage' | 'half' | 'early' | 'session';

export interface EndReport {
  /** `wsimd server`, `ws client`, `raw client` and so on. */
  readonly name: string;
  readonly isRaw: boolean;
  readonly wasOpened: boolean;
  /** Digests of the messages that were sent while the connection was open, in order. */
  readonly sent: readonly string[];
  readonly received: readonly string[];
  readonly pingsSent: readonly string[];
  readonly pingsReceived: readonly string[];
  readonly pongsSent: readonly string[];
  readonly pongsReceived: readonly string[];
  /** Code and reason of each `close` event. */
  readonly closes: readonly { readonly code: number; readonly reason: string }[];
  /** What this end passed to `close`; 1005 stands for no code. */
  readonly closedWith: readonly number[];
  readonly errors: readonly string[];
  readonly cuts: readonly Cut[];
  readonly callbacks: { readonly expected: number; readonly called: number; readonly calledTwice: number };
  /** Faults that this end noticed by itself. */
  readonly faults: readonly string[];
  /** The last thing that the script did, and how far it came: for a report of a connection that hangs. */
  readonly progress: string;
}

/** Received messages that are kept until the end, to see that nobody writes over them. */
const KEPT = 6;
/** What the receiver writes over messages that it does not keep: they are its own. */
const RECEIVER_PATTERN = 0x23;

export class EndLog {
  wasOpened = false;
  progress = 'not started';
  readonly sent: string[] = [];
  readonly pingsSent: string[] = [];
  readonly pingsReceived: string[] = [];
  readonly pongsSent: string[] = [];
  readonly pongsReceived: string[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  readonly closedWith: number[] = [];
  readonly errors: string[] = [];
  readonly cuts = new Set<Cut>();
  readonly faults: string[] = [];
  readonly #name: string;
  readonly #isRaw: boolean;
  readonly #received: (string | Promise<string>)[] = [];
  readonly #kept: { parts: readonly Uint8Array[]; digest: string }[] = [];
  readonly #callbacks: number[] = [];

  constructor(name: string, isRaw: boolean) {
    this.#name = name;
    this.#isRaw = isRaw;
  }

  get receivedCount(): number {
    return this.#received.length;
  }

  get areCallbacksDone(): boolean {
    return this.#callbacks.every((count) => count > 0);
  }

  /** A callback for a call that takes one. @param then is called with it */
  callback(then: () => void = () => {}): () => void {
    const at = this.#callbacks.push(0) - 1;
    return () => {
      this.#callbacks[at]!++;
      then();
    };
  }

  /** A message as a listener gets it. */
  receive(data: unknown, isBinary: boolean): void {
    if (this.closes.length > 0) this.faults.push('a message arrived after `close`');
    if (data instanceof Blob) {
      const read = async () => this.#read([Buffer.from(await data.arrayBuffer())], isBinary);
      this.#received.push(read());
      return;
    }
    const parts = Array.isArray(data) ? (data as Uint8Array[]) : [toBytes(data)];
    const digest = this.#read(parts, isBinary);
    this.#received.push(digest);
    if (typeof data === 'string') return;
    if (this.#kept.length < KEPT) this.#kept.push({ parts, digest });
    else for (const part of parts) part.fill(RECEIVER_PATTERN);
  }

  #read(parts: readonly Uint8Array[], isBinary: boolean): string {
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    return digestOf(bytes, isBinary) + (isOverwritten(bytes) ? ' (overwritten after send)' : '');
  }

  async report(): Promise<EndReport> {
    for (const { parts, digest } of this.#kept) {
      const later = this.#read(parts, digest.startsWith('binary'));
      if (later !== digest) this.faults.push(`a received message changed later: ${digest} became ${later}`);
    }
    const { wasOpened, progress, sent, pingsSent, pingsReceived, pongsSent, pongsReceived } = this;
    const { closes, closedWith, errors, faults } = this;
    return {
      ...{ name: this.#name, isRaw: this.#isRaw, wasOpened, progress, sent, pingsSent, pingsReceived },
      ...{ pongsSent, pongsReceived, closes, closedWith, errors, faults },
      received: await Promise.all(this.#received),
      cuts: [...this.cuts],
      callbacks: {
        expected: this.#callbacks.length,
        called: this.#callbacks.filter((count) => count > 0).length,
        calledTwice: this.#callbacks.filter((count) => count > 1).length,
      },
    };
  }
}

function toBytes(data: unknown): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (data instanceof Uint8Array) return data;
  throw new TypeError(`a message is ${typeof data}`);
}
