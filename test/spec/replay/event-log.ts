// Events as lines that can be compared: those of a decoder, and those that a vector expects. Knows no rule; no test runner
// and no host.

import type * as Wsimd from '../../../src/index.js';
import { join } from '../../support/frames/wire.js';
import type { EventLine } from './format.js';
import { describeBytes } from './wire-bytes.js';

/** One line an event; the pieces of a message are joined, and stand where its last piece came. */
export class EventLog {
  readonly lines: string[] = [];
  #pieces: Uint8Array[] = [];

  add(event: Wsimd.MessageEvent): void {
    switch (event.type) {
      case 'text':
        this.lines.push(`text ${describeBytes(new TextEncoder().encode(event.text))}`);
        break;
      case 'textBytes':
        this.lines.push(`text ${describeBytes(event.bytes)}`);
        break;
      case 'binary':
        this.lines.push(`binary ${describeBytes(event.data)}`);
        break;
      case 'piece':
        if (event.isFirst) this.#pieces = [];
        this.#pieces.push(event.data);
        if (event.isLast) this.lines.push(`${event.opcode} ${describeBytes(join(this.#pieces))}`);
        break;
      case 'ping':
      case 'pong':
        this.lines.push(`${event.type} ${describeBytes(event.payload)}`);
        break;
      case 'close':
        this.lines.push(`close ${event.closeCode} ${describeBytes(new TextEncoder().encode(event.reason))}`);
        break;
      case 'error':
        this.lines.push(describeError(event.error));
    }
  }
}

export function describeError({ code, closeCode, offset }: Wsimd.ProtocolError): string {
  return `error ${code} ${closeCode} @${offset}`;
}

export function eventLine({ type, closeCode, payload }: EventLine): string {
  return `${type} ${type === 'close' ? `${closeCode} ` : ''}${describeBytes(payload)}`;
}
