// How ws makes frames, as subjects. It must not know how things are timed.

import type { SenderSocket, Sender as WsSender } from 'ws';
import { OPCODE_BINARY } from '../../../assembly/shared/protocol.js';
import type { Subject } from '../../core/harness.js';
import { type Messages, makeEncodeSubject } from '../wsimd/encode.js';
import { copyWs } from './ws-copies.js';

/** Of each way to use ws, a copy that knows no other. */
const framing = { server: copyWs(), client: copyWs() };
const sending = { server: copyWs(), client: copyWs() };

export function wsFrameSubject(messages: Messages<Buffer>): Subject {
  const { role, opcode, payloads } = messages;
  const { Sender } = framing[role];
  const options = { fin: true, rsv1: false, opcode, mask: role === 'client', readOnly: true };
  const run = () => {
    let total = 0;
    for (const payload of payloads) {
      const parts = Sender.frame(payload, options);
      total += parts[0]!.length + (parts.length === 2 ? parts[1]!.length : 0);
    }
    return total;
  };
  return makeEncodeSubject('ws frame', messages, run, () =>
    payloads.map((payload) => Buffer.concat(Sender.frame(payload, options))),
  );
}

/** Takes all and does the least that a socket must: a string has to become bytes. */
export class Sink implements SenderSocket {
  bytes = 0;
  readonly #scratch: Buffer;

  /** @param longest text in bytes */
  constructor(longest: number) {
    this.#scratch = Buffer.allocUnsafeSlow(longest);
  }
  cork(): void {}
  uncork(): void {}
  write(data: Buffer | string): void {
    this.bytes += typeof data === 'string' ? this.#scratch.write(data) : data.length;
  }
}

class CollectingSink extends Sink {
  readonly parts: Buffer[] = [];

  override write(data: Buffer | string): void {
    this.parts.push(Buffer.from(data));
  }
}

export function wsSendSubject(messages: Messages<Buffer>, size: number): Subject {
  const { role, opcode, payloads } = messages;
  const { Sender } = sending[role];
  const binary = opcode === OPCODE_BINARY;
  const mask = role === 'client';
  const sink = new Sink(size);
  const sendAll = (sender: WsSender) => {
    for (const payload of payloads) sender.send(payload, { binary, mask, compress: false, fin: true });
  };
  const sender = new Sender(sink);
  const run = () => {
    sink.bytes = 0;
    sendAll(sender);
    return sink.bytes;
  };
  return makeEncodeSubject('ws send', messages, run, () => {
    const collecting = new CollectingSink(0);
    sendAll(new Sender(collecting));
    return [Buffer.concat(collecting.parts)];
  });
}
