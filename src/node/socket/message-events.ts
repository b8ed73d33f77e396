// Turns what the codec delivers into events of a WebSocket.

import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Answerer } from '../../messages/handler.js';
import { asMessageError, isEngineLimit, ProtocolError } from '../../protocol/errors.js';
import { MESSAGE_RECEIVED_CHANNEL } from '../observe/channels.js';
import type { Observer } from '../observe/observer.js';
import type { ENDED, SocketClosed } from '../operate/ending.js';
import type { Config } from '../websocket/options/config.js';
import { type BinaryType, joinFragments, type RawData, toBinaryType, toBuffer } from '../websocket/sendable.js';
import { PeerPings } from './ping-rate.js';

const doNothing = () => {};

/** The part of a WebSocket that its connection calls. */
export interface Emitter extends EventEmitter {
  close(closeCode?: number, reason?: Buffer): void;
  ping(): void;
  pong(data: Buffer, mask: boolean, callback: () => void): void;
  [ENDED](ending: SocketClosed): void;
}

/** The connection. */
export interface Owner {
  readonly isOpen: boolean;
  readonly socket: Duplex;
  readonly observer: Observer;
  cut(): void;
  /** Ends the connection because of this error. */
  refuse(error: ProtocolError): void;
  peerClosed(closeCode: number, reason: string): void;
  peerFailed(error: ProtocolError): void;
}

export class MessageEvents implements Answerer {
  /** Methods of the class. If a WebSocket has another `pong` or `close`, that one answers pings, and ends what the peer ends. */
  static builtIn: { readonly close: unknown; readonly pong: unknown };
  binaryType: BinaryType;
  /** Messages that were delivered. */
  messagesReceived = 0;
  readonly #emitter: Emitter;
  readonly #owner: Owner;
  readonly #observer: Observer;
  readonly #config: Config;
  /** Made for the first ping. */
  #pings: PeerPings | undefined;

  constructor(emitter: Emitter, owner: Owner, config: Config, binaryType: BinaryType) {
    this.#emitter = emitter;
    this.#owner = owner;
    this.#observer = owner.observer;
    this.#config = config;
    this.binaryType = binaryType;
  }

  /** A message is being received that is delivered as a stream. */
  get isStreaming(): boolean {
    return false;
  }
  /** Bytes of such messages that have come and not been read. */
  get heldLength(): number {
    return 0;
  }
  /** The connection has failed. */
  failed(_error: Error): void {}
  /** The connection has ended, or nothing more can come of it. No error is made for it here: most connections have no use for one. */
  lost(): void {}

  /** Counts a message that is about to be delivered, and reports it. @param data what the listener gets */
  protected countMessage(data: unknown, isBinary: boolean): void {
    this.messagesReceived++;
    if (MESSAGE_RECEIVED_CHANNEL.hasSubscribers) this.#observer.messageReceived(data, isBinary);
  }
  #deliver(data: RawData | Blob | string, isBinary: boolean): void {
    this.countMessage(data, isBinary);
    this.#emitter.emit('message', data, isBinary);
  }
  onText(text: string): void {
    this.#deliver(text, false);
  }
  onTextBytes(bytes: Uint8Array): void {
    try {
      this.#deliver(toBuffer(bytes), false);
    } catch (error) {
      if (!isEngineLimit(error)) throw error;
      this.#owner.refuse(error);
    }
  }
  onBinary(data: Uint8Array): void {
    const message = this.binaryType === 'nodebuffer' ? toBuffer(data) : this.#convert(data);
    if (message !== undefined) this.#deliver(message, true);
  }
  onFragments(fragments: Uint8Array[]): void {
    const message = this.#convert(fragments);
    if (message !== undefined) this.#deliver(message, true);
  }
  /** @returns undefined if the engine could not convert the message; the connection has failed then */
  #convert(data: Uint8Array | Uint8Array[]): RawData | Blob | undefined {
    try {
      // The bytes are only lent, so an ArrayBuffer has to be a copy.
      if (this.#config.isLent && this.binaryType === 'arraybuffer' && !Array.isArray(data))
        return new Uint8Array(data).buffer;
      return Array.isArray(data) ? joinFragments(data, this.binaryType) : toBinaryType(data, this.binaryType);
    } catch (cause) {
      this.#owner.refuse(asMessageError(cause));
      return undefined;
    }
  }
  /**
   * Calls the `pong` method that the program, or a tool that monitors it, has put in place of ours, as `ws` does.
   *
   * @returns whether there is one
   */
  answerPing(payload: Uint8Array): boolean {
    const emitter = this.#emitter;
    if (emitter.pong === MessageEvents.builtIn.pong) return false;
    if (this.#owner.isOpen) emitter.pong(toBuffer(payload), this.#config.connection.role === 'client', doNothing);
    return true;
  }
  /** The same for `close`. */
  answerClose(): boolean {
    return this.#emitter.close !== MessageEvents.builtIn.close;
  }
  onPing(payload: Uint8Array): void {
    const { connection, maxPendingPongs, maxPingRate } = this.#config;
    const now = performance.now();
    this.#pings ??= new PeerPings(maxPendingPongs, maxPingRate, now);
    const pings = this.#pings;
    if (connection.autoPong && !pings.mayAnswer(this.#owner.socket.writableLength > 0)) {
      this.#observer.limitHit('maxPendingAutoPongs');
      this.#owner.cut();
    }
    if (this.#owner.isOpen && !pings.mayPing(now)) {
      this.#owner.refuse(new ProtocolError('WSIMD_TOO_MANY_PINGS', { detail: `${maxPingRate} a second` }));
    } else {
      this.#observer.pingReceived(payload);
      this.#emitter.emit('ping', toBuffer(payload));
    }
  }
  onPong(payload: Uint8Array): void {
    this.#observer.pongReceived(payload);
    this.#emitter.emit('pong', toBuffer(payload));
  }

  onClose(closeCode: number, reason: string): void {
    this.#owner.peerClosed(closeCode, reason);
  }

  onError(error: ProtocolError): void {
    this.#owner.peerFailed(error);
  }
}
