// Deliveries one a turn of the event loop, as browsers make them (`allowSynchronousEvents: false`). It orders; it knows no
// event.

import {
  type Answerer,
  type DeliveryKind,
  type DeliverySink,
  type DeliveryValue,
  type DeliveryValues,
  deliverTo,
  handlerOf,
  heldLengthOf,
  type MessageHandler,
} from '../../../messages/handler.js';
import { setImmediate } from '../machinery.js';

interface Owner {
  /** Some deliveries are queued: nothing more should be read. */
  deliveriesQueued(): void;
  /** None is queued any more. */
  deliveriesDone(): void;
}

interface Delivery {
  readonly kind: DeliveryKind;
  readonly value: DeliveryValue;
}

/** Passes the first delivery of a turn on, and each of the others in a turn of its own. */
export class SpacedDelivery implements DeliverySink {
  /** A delivery has been made in this turn, or some are queued. */
  isBusy = false;
  readonly #handler: MessageHandler;
  readonly #owner: Owner;
  readonly #queue: Delivery[] = [];
  #heldLength = 0;

  constructor(handler: MessageHandler, owner: Owner) {
    this.#handler = handler;
    this.#owner = owner;
  }

  /** How much memory the queued deliveries take: their bytes, of strings UTF-16 units, and an overhead for each. */
  get heldLength(): number {
    return this.#heldLength;
  }

  deliver<Kind extends DeliveryKind>(kind: Kind, value: DeliveryValues[Kind]): void {
    if (this.isBusy) {
      this.#queue.push({ kind, value });
      this.#heldLength += heldLengthOf(kind, value);
      this.#owner.deliveriesQueued();
      return;
    }
    this.isBusy = true;
    setImmediate(SpacedDelivery.#next, this);
    deliverTo(this.#handler, kind, value);
  }

  /** Discards what is queued. */
  clear(): void {
    this.#queue.length = this.#heldLength = 0;
  }

  static #next(spaced: SpacedDelivery): void {
    const delivery = spaced.#queue.shift();
    if (delivery === undefined) {
      spaced.isBusy = false;
      spaced.#owner.deliveriesDone();
      return;
    }
    spaced.#heldLength -= heldLengthOf(delivery.kind, delivery.value);
    setImmediate(SpacedDelivery.#next, spaced);
    deliverTo(spaced.#handler, delivery.kind, delivery.value);
  }
}

/** What a connection delivers to where deliveries are spaced. Pings are answered at once. */
export function spacedHandler(
  spaced: SpacedDelivery,
  answerer: Required<Pick<Answerer, 'answerPing' | 'answerClose'>>,
): Answerer {
  return {
    ...handlerOf(spaced),
    answerPing: (payload) => answerer.answerPing(payload),
    answerClose: () => answerer.answerClose(),
  };
}
