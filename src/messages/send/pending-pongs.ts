// Answers to pings that wait to be sent, up to a limit. Beyond it only the most recent ping is answered, which RFC 6455 section 5.5.3
// allows. So a peer that pings and does not read takes no memory.

import { OPCODE_PONG } from '../../../assembly/shared/protocol.js';
import { type OwnedBytes, ownBytes } from '../../bytes/owned.js';
import type { ConnectionOptions } from '../../connection-options.js';
import { atLeast, trueOrFalse } from '../../protocol/option-checks.js';
import type { MessageSender } from './message-sender.js';

/** A peer that pings at intervals has one on its way. With the longest payloads 64 pongs are 8 KiB. */
const DEFAULT_MAX_PENDING_PONGS = 64;
const checkMaxPendingPongs = atLeast(1);

/** How many pongs may wait; 0: pings are not answered. @throws RangeError, TypeError for options out of range */
export function maxPendingPongsOf(options: Pick<ConnectionOptions, 'autoPong' | 'maxPendingPongs'>): number {
  const { autoPong = true, maxPendingPongs = DEFAULT_MAX_PENDING_PONGS } = options;
  trueOrFalse('autoPong', autoPong);
  checkMaxPendingPongs('maxPendingPongs', maxPendingPongs);
  return autoPong ? maxPendingPongs : 0;
}

export class PendingPongs {
  readonly #sender: Pick<MessageSender, 'sendControl'>;
  readonly #limit: number;
  /** Written since `settle`. */
  #count = 0;
  /** The payload of the most recent ping that came beyond the limit. */
  #latest: OwnedBytes | undefined;

  /** @param limit how many pongs may wait, at least 1 */
  constructor(sender: Pick<MessageSender, 'sendControl'>, limit: number) {
    this.#sender = sender;
    this.#limit = limit;
  }

  /** Answers a ping now or, with as many pongs waiting as may, at `settle`, unless another ping comes first. */
  answer(payload: Uint8Array): void {
    if (this.#count < this.#limit) {
      this.#count++;
      this.#sender.sendControl(OPCODE_PONG, payload);
      return;
    }
    // Copied: the payload belongs to the listener of the ping.
    this.#latest = ownBytes(payload);
  }

  /** Answers the ping that is left, if there is one: what waits is about to leave, or a Close frame comes behind it. */
  settle(): void {
    this.#count = 0;
    if (this.#latest === undefined) return;
    this.#sender.sendControl(OPCODE_PONG, this.#latest);
    this.#latest = undefined;
  }
}
