// Gathers prepared messages that are sent in one turn while nothing else is pending: ten messages to a topic, for example. Only the first
// one checks the state of the whole connection. The states of a thousand connections don't fit in the processor's caches, so the other
// messages read no more than this object (bench: `topics`).

import { MAX_SLAB_LENGTH, PREPARED_REFERENCE_LENGTH } from '../../../bytes/thresholds.js';
import type { Connection } from '../../../connection.js';
import type { PreparedMessage } from '../../../frames/prepared-message.js';
import { SharedSequence } from '../../../frames/shared-sequence.js';
import type { SendMessageOptions } from '../../../messages/send/message-sender.js';
import { MESSAGE_COMPRESSION_CHANNEL, MESSAGE_SENT_CHANNEL } from '../../observe/channels.js';
import { FlushHolds } from './flush-holds.js';

/** No message is added to a run of this length. */
const MAX_LENGTH = MAX_SLAB_LENGTH / 2;
export const BY_REFERENCE: SendMessageOptions = { byReference: true };

/** The run of one send queue, and the count of sent messages, which includes it. */
export abstract class PreparedRun extends FlushHolds {
  protected readonly connection: Connection;
  /**
   * While there is a run, nothing is pending in the connection, and nothing is held. Call `endRun` before you send anything else or change
   * the state of the connection, so that the run comes first.
   */
  #run: SharedSequence | undefined;
  /** Without those of the run. */
  #messagesSent = 0;
  /** Without compression all connections send the same frame. */
  readonly #isPlain: boolean;
  /** The connection is plain, and its state has not changed since it took a prepared frame as it is: it need not be asked again. */
  #isReady = false;

  constructor(connection: Connection) {
    super();
    this.connection = connection;
    this.#isPlain = !connection.hasCompression;
  }

  /** Messages that were sent, pending ones included. */
  get messagesSent(): number {
    return this.#messagesSent + (this.#run?.count ?? 0);
  }

  protected addToMessagesSent(): void {
    this.#messagesSent++;
  }

  protected get hasRun(): boolean {
    return this.#run !== undefined;
  }

  /** Bytes of frames that have not been handed to the socket. */
  protected get gatheredLength(): number {
    return (this.#run?.length ?? 0) + this.connection.outgoingLength;
  }

  /** Whether a message can be part of a run. Observed messages are reported one by one, and long ones are not copied to be joined. */
  #fitsIn({ payload }: PreparedMessage): boolean {
    const isObserved = MESSAGE_SENT_CHANNEL.hasSubscribers || MESSAGE_COMPRESSION_CHANNEL.hasSubscribers;
    return !isObserved && payload.length < PREPARED_REFERENCE_LENGTH;
  }

  /** Starts a run with a message that leaves at the end of the turn. @returns false if it cannot be part of one, or others are pending */
  protected startRun(message: PreparedMessage): boolean {
    const frame = this.#fitsIn(message) ? this.loneFrame(message) : undefined;
    if (frame === undefined) return false;
    this.#run = SharedSequence.add(undefined, frame);
    this.schedule.schedule();
    return true;
  }

  /** Adds a message to the run. @returns false if there is none, or the message cannot be part of it */
  protected addToRun(message: PreparedMessage): boolean {
    const run = this.#run;
    if (run === undefined || run.length >= MAX_LENGTH || !this.#fitsIn(message)) return false;
    const frame = this.loneFrame(message);
    if (frame === undefined) return false;
    this.#run = SharedSequence.add(run, frame);
    return true;
  }

  /** See `Connection.loneFrame`. */
  protected loneFrame(message: PreparedMessage): Uint8Array | undefined {
    if (this.#isReady) return message.serverFrame;
    const frame = this.connection.loneFrame(message);
    this.#isReady = this.#isPlain && frame !== undefined;
    return frame;
  }

  /** Takes the run, to be handed to the socket. @returns undefined if there is none */
  protected takeRun(): SharedSequence | undefined {
    const run = this.#run;
    if (run === undefined) return undefined;
    this.#run = undefined;
    this.#messagesSent += run.count;
    this.schedule.repeat(run.count - 1);
    return run;
  }

  /** Passes the run to the connection. */
  protected endRun(): void {
    this.#isReady = false;
    const run = this.takeRun();
    if (run !== undefined) this.connection.sendEncoded(run.bytes, BY_REFERENCE);
  }

  override cork(): void {
    this.endRun();
    super.cork();
  }

  override hold(): void {
    this.endRun();
    super.hold();
  }
}
