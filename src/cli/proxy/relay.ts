// One relayed connection: the client's socket and the server's, bytes passed on in both directions as they come, with the faults
// that were asked for. The watcher receives the bytes after they have been written.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Sender } from '../../capture/tcp-connections.js';
import { HeadReader, parseResponseHead } from '../../handshake/index.js';
import { ProtocolError } from '../../index.js';
import { readInto } from '../../node/socket/reads/direct-reads.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { writeCopy } from './copies.js';
import { FrameGate } from './frame-gate.js';
import { stayAwake } from './wakefulness.js';

/** What goes wrong on purpose. */
export interface Faults {
  /** Milliseconds that bytes take to pass. */
  readonly delay: number;
  /** Of each direction: every so many frames one does not pass. */
  readonly drop: Readonly<Record<Sender, number | undefined>>;
  /** Of each direction: bytes behind the head after which the connection is reset. */
  readonly cut: Readonly<Record<Sender, number | undefined>>;
}

export interface RelaySink {
  /** Bytes that have passed; a view, valid during the call. */
  passed(from: Sender, bytes: Uint8Array): void;
  held(from: Sender, frame: Uint8Array): void;
  note(from: Sender, text: string): void;
  /** One end has ended its direction. */
  ended(from: Sender): void;
  closed(isReset: boolean): void;
}

/** Bytes that wait, for the other end or for the delay, before no more are read. */
const HIGH_WATER = 1024 * 1024;
const SWITCHING_PROTOCOLS = 101;
/** All sockets are read into this: what has to outlive the read is copied. */
const READ_BUFFER = new Uint8Array(256 * 1024);

export class Relay {
  readonly #lanes: Record<Sender, Lane>;
  readonly #sink: RelaySink;
  readonly #reader = new HeadReader();
  /** The response has been read: true where it opens a WebSocket. */
  #isOpen: boolean | undefined;
  /** What a client sent before it could know that it may. */
  #early: Uint8Array[] = [];
  #openSockets = 2;
  #isReset = false;

  /** @param rest bytes of the client's behind its head */
  constructor(client: Duplex, server: Duplex, head: Uint8Array, rest: Uint8Array, faults: Faults, sink: RelaySink) {
    this.#sink = sink;
    const lane = (from: Sender, source: Duplex, target: Duplex) => new Lane(from, source, target, faults, sink, this);
    this.#lanes = { client: lane('client', client, server), server: lane('server', server, client) };
    for (const [from, socket] of [
      ['client', client],
      ['server', server],
    ] as const) {
      socket.on('error', () => this.reset());
      socket.on('end', () => this.#lanes[from].end());
      socket.on('close', () => this.#socketClosed(from));
    }
    this.#lanes.client.pass(head);
    if (rest.length > 0) this.#early.push(new Uint8Array(rest));
    read(client, (bytes) => this.#fromClient(bytes));
    read(server, (bytes) => this.#fromServer(bytes));
  }

  /** The WebSocket is open. */
  get isOpen(): boolean {
    return this.#isOpen === true;
  }

  get isClosed(): boolean {
    return this.#openSockets === 0;
  }

  /** Holds the next frame of a direction. */
  hold(from: Sender): void {
    this.#lanes[from].gate.hold();
  }

  /** A frame of this direction waits for `release`. */
  isHolding(from: Sender): boolean {
    return this.#lanes[from].gate.isWaiting;
  }

  release(from: Sender, bytes: Uint8Array | undefined): void {
    this.#lanes[from].release(bytes);
  }

  /** Sends bytes as if the other end had, between two frames. */
  inject(from: Sender, bytes: Uint8Array): void {
    this.#lanes[from].gate.inject(bytes);
  }

  /** Cuts both ends off. */
  reset(): void {
    if (this.#isReset) return;
    this.#isReset = true;
    for (const { source } of Object.values(this.#lanes)) {
      if (source.destroyed) continue;
      if (source instanceof Socket && !(source instanceof TLSSocket)) source.resetAndDestroy();
      else source.destroy();
    }
  }

  #fromClient(bytes: Uint8Array): void {
    if (this.#isOpen) {
      this.#lanes.client.push(bytes);
    } else if (this.#isOpen === undefined) {
      this.#early.push(new Uint8Array(bytes));
      this.#lanes.client.source.pause();
    }
    // Behind another answer than 101 a client may send a second request, which nobody has checked.
  }

  #fromServer(bytes: Uint8Array): void {
    const lane = this.#lanes.server;
    if (this.#isOpen) {
      lane.push(bytes);
      return;
    }
    if (this.#isOpen === false) {
      lane.pass(bytes);
      return;
    }
    const rest = this.#readResponse(bytes);
    lane.pass(bytes.subarray(0, bytes.length - rest.length));
    if (this.#isOpen === undefined) return;
    if (rest.length > 0) lane.push(rest);
    const early = this.#early.splice(0);
    if (this.#isOpen) for (const chunk of early) this.#lanes.client.push(chunk);
    this.#lanes.client.source.resume();
  }

  /** @returns the bytes behind the head, once it is known what they are */
  #readResponse(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    try {
      for (;;) {
        const received = this.#reader.push(rest);
        if (received === undefined) return new Uint8Array(0);
        rest = received.rest;
        const { status } = parseResponseHead(received.head);
        if (status < 200 && status !== SWITCHING_PROTOCOLS) continue;
        this.#isOpen = status === SWITCHING_PROTOCOLS;
        return this.#isOpen ? rest : new Uint8Array(0);
      }
    } catch (error) {
      rethrowUnless(error, ProtocolError);
      this.#isOpen = false;
      return new Uint8Array(0);
    }
  }

  #socketClosed(from: Sender): void {
    this.#openSockets--;
    // An end that has not said that it ends was cut off.
    if (!this.#lanes[from].hasEnded) this.reset();
    if (this.#openSockets === 0) this.#sink.closed(this.#isReset);
  }
}

/** Begins to read. @param onBytes receives a view, valid during the call */
function read(source: Duplex, onBytes: (bytes: Uint8Array) => void): void {
  const early = source.read() as Buffer | null;
  const isDirect = readInto(source, READ_BUFFER, (length, buffer) => {
    onBytes(buffer.subarray(0, length));
    stayAwake();
    return true;
  });
  if (!isDirect) {
    source.on('data', (bytes: Uint8Array) => {
      onBytes(bytes);
      stayAwake();
    });
  }
  source.resume();
  if (early !== null) onBytes(early);
}

/** One direction. */
class Lane {
  readonly source: Duplex;
  readonly target: Duplex;
  readonly gate: FrameGate;
  readonly #from: Sender;
  readonly #sink: RelaySink;
  readonly #relay: Relay;
  readonly #delay: number;
  /** What waits for its time; an end is undefined. */
  readonly #delayed: { readonly bytes: Uint8Array | undefined; readonly due: number }[] = [];
  #delayedLength = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that may pass before the cut. */
  #left: number;
  #isFull = false;
  #hasEnded = false;

  constructor(from: Sender, source: Duplex, target: Duplex, faults: Faults, sink: RelaySink, relay: Relay) {
    this.source = source;
    this.target = target;
    this.#from = from;
    this.#sink = sink;
    this.#relay = relay;
    this.#delay = faults.delay;
    this.#left = faults.cut[from] ?? Number.POSITIVE_INFINITY;
    this.gate = new FrameGate(
      {
        pass: (bytes) => this.#passFrames(bytes),
        held: (frame) => {
          this.source.pause();
          sink.held(from, frame);
        },
        dropped: (length) => sink.note(from, `a frame of ${length} bytes was dropped here (--drop)`),
      },
      faults.drop[from],
    );
    target.on('drain', () => {
      this.#isFull = false;
      this.#resume();
    });
  }

  /** The source has said that it sends no more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Bytes of frames. */
  push(bytes: Uint8Array): void {
    this.gate.push(bytes);
  }

  release(bytes: Uint8Array | undefined): void {
    this.gate.release(bytes);
    this.#resume();
  }

  /** Passes bytes on: those of a head, or what the gate lets through. */
  pass(bytes: Uint8Array): void {
    if (this.#delay === 0) {
      this.#write(bytes);
      return;
    }
    this.#delayed.push({ bytes: new Uint8Array(bytes), due: performance.now() + this.#delay });
    this.#delayedLength += bytes.length;
    if (this.#delayedLength > HIGH_WATER) this.source.pause();
    this.#startTimer();
  }

  /** The source sends no more. */
  end(): void {
    this.#hasEnded = true;
    if (this.#delay === 0) this.#endTarget();
    else this.#delayed.push({ bytes: undefined, due: performance.now() + this.#delay });
    this.#startTimer();
  }

  #passFrames(bytes: Uint8Array): void {
    if (bytes.length < this.#left) {
      this.#left -= bytes.length;
      this.pass(bytes);
      return;
    }
    if (this.#left === 0) return;
    this.pass(bytes.subarray(0, this.#left));
    this.#left = 0;
    this.#sink.note(this.#from, 'the connection is cut here (--cut)');
    // What was written leaves first, as far as the system takes it.
    setTimeout(() => this.#relay.reset(), this.#delay);
  }

  #write(bytes: Uint8Array): void {
    if (this.target.destroyed || this.target.writableEnded) return;
    if (!writeCopy(this.target, bytes) && this.target.writableLength > HIGH_WATER) {
      this.#isFull = true;
      this.source.pause();
    }
    this.#sink.passed(this.#from, bytes);
  }

  #endTarget(): void {
    this.#sink.ended(this.#from);
    if (!this.target.writableEnded) this.target.end();
  }

  #resume(): void {
    if (!this.#isFull && !this.gate.isWaiting && this.#delayedLength <= HIGH_WATER) this.source.resume();
  }

  #startTimer(): void {
    const [first] = this.#delayed;
    if (first === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now();
      while (this.#delayed.length > 0 && this.#delayed[0]!.due <= now + 1) {
        const { bytes } = this.#delayed.shift()!;
        this.#delayedLength -= bytes?.length ?? 0;
        if (bytes === undefined) this.#endTarget();
        else this.#write(bytes);
      }
      this.#resume();
      this.#startTimer();
    }, first.due - performance.now());
  }
}
