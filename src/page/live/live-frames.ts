// What passes on one connection, both directions, into a list of heads and frames. Knows no socket.

import type { MessageCompression } from '../../messages/compression.js';
import type { FrameList } from '../frames/frame-list.js';
import { type FrameOrigin, frameView } from '../frames/frame-view.js';
import { agreedExtensions, headView, keyOf } from '../frames/head-view.js';
import { createInflater, isCompressionIn } from '../frames/inflating.js';
import { WireStream } from './wire-stream.js';

const TO_SERVER: FrameOrigin = { label: 'browser → server', className: 'to-server' };
const TO_BROWSER: FrameOrigin = { label: 'server → browser', className: 'to-browser' };

export class LiveFrames {
  readonly #list: FrameList;
  readonly #toServer = new WireStream();
  readonly #toBrowser = new WireStream();
  /** The Sec-WebSocket-Key of the request. */
  #key: string | undefined;
  /** One for each direction, if compression was negotiated. */
  #inflaters: readonly MessageCompression[] = [];

  constructor(list: FrameList) {
    this.#list = list;
  }

  /** The next bytes of one direction. */
  push(isToServer: boolean, bytes: Uint8Array): void {
    const origin = isToServer ? TO_SERVER : TO_BROWSER;
    const frames = (isToServer ? this.#toServer : this.#toBrowser).push(bytes, (head) => {
      this.#list.addNewest(headView(head, origin, this.#key));
      this.#key = keyOf(head);
      if (!isToServer && isCompressionIn(agreedExtensions(head))) this.#inflate();
    });
    for (const frame of frames) this.#list.addNewest(frameView(frame, origin));
  }

  /** No more will come. */
  end(): void {
    for (const origin of [TO_SERVER, TO_BROWSER]) {
      const cut = (origin === TO_SERVER ? this.#toServer : this.#toBrowser).end();
      if (cut !== undefined) this.#list.addNewest(frameView(cut, origin));
    }
    for (const inflater of this.#inflaters) inflater.release();
    this.#inflaters = [];
  }

  /** From the response on, before any frame: what the messages hold is shown. */
  #inflate(): void {
    const streams = [this.#toServer, this.#toBrowser];
    this.#inflaters = streams.map(createInflater);
    streams.forEach((stream, i) => {
      stream.inflateWith(this.#inflaters[i]!);
    });
  }
}
