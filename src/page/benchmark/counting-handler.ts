// Takes messages as cheaply as can be, and shows that all have come: for benchmarks, this page's and those of bench/. Knows no
// clock.

import type { MessageHandler, ProtocolError } from '../../index.js';

/** Adds up the lengths of what it is given. It throws what broke a rule. */
export class CountingHandler implements MessageHandler {
  total = 0;

  onText(text: string): void {
    this.total += text.length;
  }
  onBinary(data: Uint8Array): void {
    this.total += data.length;
  }
  onPing(): void {}
  onPong(): void {}
  onClose(): void {}
  onError(error: ProtocolError): void {
    throw error;
  }
}
