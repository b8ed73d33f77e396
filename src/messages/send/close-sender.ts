// The Close frames of one connection: which one is sent, what it carries, and what has to leave before it. The states and the events
// are those of protocol/closing-handshake.ts.

import { CLOSE_NO_STATUS, MAX_CLOSE_REASON, OPCODE_CLOSE } from '../../../assembly/shared/protocol.js';
import { portableUtf8Length } from '../../bytes/host.js';
import { ClosingHandshake } from '../../protocol/closing-handshake.js';
import type { ProtocolError } from '../../protocol/errors.js';
import type { ReceivedClose } from '../handler.js';
import type { MessageSender } from './message-sender.js';

/** The connection whose Close frames they are. */
export interface CloseOwner {
  /** Called before a Close frame is made, for pongs that go first. */
  beforeClose(): void;
  /** Whether the caller answers the peer's Close frame, or its broken rule, if ours has not been sent. */
  answersClose(): boolean | undefined;
}

export class CloseSender {
  readonly handshake = new ClosingHandshake();
  readonly #sender: MessageSender;
  readonly #owner: CloseOwner;
  #isHeld = false;
  #held: string | Uint8Array | undefined;

  constructor(sender: MessageSender, owner: CloseOwner) {
    this.#sender = sender;
    this.#owner = owner;
  }

  /** We begin the closing handshake. Errors as of `Connection.close` */
  begin(closeCode: number | undefined, reason: string | undefined): void {
    const payload = this.#sender.closePayload(closeCode, reason);
    if (!this.handshake.apply('close')) return;
    this.#sender.inTurn(payload, (queued) => {
      this.#send(queued);
      // It may be the answer to the peer's.
      if (this.#held === undefined) this.#end();
    });
  }

  /** The peer's Close frame has come. */
  answerClose({ closeCode, reason }: ReceivedClose): void {
    if (this.#leave('peerClose')) return;
    // Section 5.5.1: the reply "typically echos the status code"; the reason goes with it, as most peers do it, unless it
    // was not validated and has grown too long by the replacement of bad bytes.
    const fits = portableUtf8Length(reason) <= MAX_CLOSE_REASON;
    const code = closeCode === CLOSE_NO_STATUS ? undefined : closeCode;
    this.#answer(this.#sender.closePayload(code, fits ? reason : ''));
  }

  /** The peer has broken a rule. */
  answerError(error: ProtocolError): void {
    if (this.#leave('error')) return;
    this.#answer(this.#sender.closePayload(error.closeCode));
  }

  /** Holds the answer to the peer's Close frame, or to its broken rule, until `release`; the state stays open. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    if (this.#held !== undefined) this.#answer(this.#held);
  }

  /** We end the connection for a rule of the caller's. @throws ProtocolError `WSIMD_INVALID_CLOSE_CODE` */
  fail(error: ProtocolError): void {
    const payload = this.#sender.closePayload(error.closeCode);
    // A Close frame that is queued behind a message in slices has not been sent.
    const hasSentClose = this.handshake.state === 'closing' && !this.#sender.hasSlices;
    this.handshake.apply('fail');
    if (!hasSentClose) this.#send(payload);
    this.#sender.end();
  }

  /** The transport has ended. */
  end(): void {
    this.handshake.apply('end');
    this.#sender.end();
  }

  /** The peer has ended the conversation. @returns whether the caller answers */
  #leave(event: 'peerClose' | 'error'): boolean | undefined {
    const isLeft = this.handshake.isOpen && this.#owner.answersClose();
    this.handshake.apply(event);
    return isLeft;
  }

  /**
   * Sends the last Close frame, unless ours was the first, behind what is leaving in slices: section 5.5.1 lets what is being sent leave
   * before it.
   */
  #answer(payload: string | Uint8Array): void {
    if (this.#isHeld && this.handshake.isOpen) {
      this.#held = payload;
      return;
    }
    const isLast = this.handshake.apply('answer');
    this.#sender.inTurn(payload, (queued) => {
      if (isLast) this.#send(queued);
      this.#end();
    });
  }

  /** Our Close frame has been sent: the last one, unless the peer's is missing. */
  #end(): void {
    if (this.handshake.apply('sent')) this.#sender.end();
  }

  #send(payload: string | Uint8Array): void {
    this.#owner.beforeClose();
    this.#sender.sendControl(OPCODE_CLOSE, payload);
  }
}
