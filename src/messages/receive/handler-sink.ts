// Passes deliveries on to the handler of the moment, or to none. A connection extends it by what it does itself first.

import {
  type DeliveryKind,
  type DeliverySink,
  type DeliveryValue,
  deliverTo,
  type MessageHandler,
} from '../handler.js';

export class HandlerSink implements DeliverySink {
  /** May change in the middle of a delivery. */
  handler: MessageHandler | undefined;

  deliver(kind: DeliveryKind, value: DeliveryValue): void {
    if (this.handler !== undefined) deliverTo(this.handler, kind, value);
  }
}
