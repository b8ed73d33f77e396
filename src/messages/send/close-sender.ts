// The Close frames of one connection: which one is sent, what it carries, and what has to leave before it. The states and the events
// are those of protocol/closing-handshake.ts.

import { CLOSE_NO_STATUS, MAX_CLOSE_REASON, OPCODE_CLOSE } from '../../../assembly/shared/protocol.js';
import { portableUtf8Length } from '../../bytes/host.js';
import { ClosingHandshake } from '../../protocol/closing-handshake.js';
import type { ProtocolError } from '../../protocol/errors.js';
import type { ReceivedClose } from '../handler.js';
import type { MessageSender } from './message-sender.js';

export class CloseSender {
  readonly handshake = new ClosingHandshake();
  readonly #sender: MessageSender;
  readonly #beforeClose: () => void;
  #isHeld = false;
  #held: string | Uint8Array | undefined;
  /** The caller answers the peer's Close frame, or its broken rule, with `begin`. */
  #isLeft = false;

  /** @param beforeClose called before a Close frame is made, for pongs that go first */
  constructor(sender: MessageSender, beforeClose: () => void) {
    this.#sender = sender;
    this.#beforeClose = beforeClose;
  }

  /** We begin the closing handshake. Errors as of `Connection.close` */
  begin(closeCode: number | undefined, reason: string | undefined): void {
    const payload = this.#sender.closePayload(closeCode, reason);
    if (!this.handshake.apply('close')) return;
    this.#sender.inTurn(payload, (queued) => {
      this.#send(queued);
      if (this.#isLeft) this.#end();
    });
  }

  /** The peer's Close frame has come. @param isLeft the caller answers it, if ours has not been sent */
  answerClose({ closeCode, reason }: ReceivedClose, isLeft: boolean): void {
    if (this.#leave(isLeft, 'peerClose')) return;
    // Section 5.5.1: the reply "typically echos the status code"; the reason goes with it, as most peers do it, unless it
    // was not validated and has grown too long by the replacement of bad bytes.
    const fits = portableUtf8Length(reason) <= MAX_CLOSE_REASON;
    const code = closeCode === CLOSE_NO_STATUS ? undefined : closeCode;
    this.#answer(this.#sender.closePayload(code, fits ? reason : ''));
  }

  /** The peer has broken a rule. @param isLeft as of `answerClose` */
  answerError(error: ProtocolError, isLeft: boolean): void {
    if (this.#leave(isLeft, 'error')) return;
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
  #leave(isLeft: boolean, event: 'peerClose' | 'error'): boolean {
    this.#isLeft = isLeft && this.handshake.state === 'open';
    this.handshake.apply(event);
    return this.#isLeft;
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

  /** The last Close frame has been sent. */
  #end(): void {
    this.handshake.apply('sent');
    this.#sender.end();
  }

  #send(payload: string | Uint8Array): void {
    this.#beforeClose();
    this.#sender.sendControl(OPCODE_CLOSE, payload);
  }
}
