// The page's connection to /echo with the tap beside it, over the browser's own WebSocket. It carries messages and raw
// bytes; it shows nothing and decodes nothing.

import { DEFLATE_PARAMETER, ECHO_PATH, TAP_PARAMETER, TAP_PATH, TAP_REFUSED, TO_SERVER } from './tap-protocol.js';

export type LiveState = 'connecting' | 'open' | 'closing' | 'closed';

export interface LiveHandler {
  onState(state: LiveState): void;
  onMessage(data: string | Uint8Array): void;
  /** The last of the connection; bytes may still come over the tap. @param closeCode as the browser gives it */
  onClose(closeCode: number, reason: string): void;
  /** There is no connection, or no tap on it any more. @param sentence for people */
  onProblem(sentence: string): void;
  /** Bytes that passed on the connection, heads of the handshake included. */
  onWire(toServer: boolean, bytes: Uint8Array): void;
  /** No more will come over the tap. */
  onWireEnd(): void;
}

export class LiveConnection {
  readonly #handler: LiveHandler;
  readonly #tap = new WebSocket(addressOf(TAP_PATH));
  #echo: WebSocket | undefined;
  #isGivenUp = false;
  readonly #isCompressed: boolean;

  /** Connects. @param isCompressed ask the server to compress */
  constructor(handler: LiveHandler, isCompressed: boolean) {
    this.#isCompressed = isCompressed;
    this.#handler = handler;
    const tap = this.#tap;
    tap.binaryType = 'arraybuffer';
    tap.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') this.#connect(data);
      else handler.onWire(new Uint8Array(data, 0, 1)[0] === TO_SERVER, new Uint8Array(data, 1));
    });
    tap.addEventListener('close', ({ code, reason }) => {
      if (this.#echo === undefined) this.#closed(undefined);
      else if (code === TAP_REFUSED) handler.onProblem(`No more frames are shown: ${reason}.`);
      handler.onWireEnd();
    });
    handler.onState('connecting');
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#echo?.send(data);
  }

  /** Has the server send a ping. @param payload at most 125 bytes in UTF-8 */
  ping(payload: string): void {
    this.#tap.send(payload);
  }

  /**
   * Begins the closing handshake.
   *
   * @throws DOMException for a code other than 1000 and 3000 to 4999, or a reason of more than 123 bytes
   */
  close(closeCode?: number, reason?: string): void {
    if (this.#echo === undefined || this.#echo.readyState === WebSocket.CONNECTING) {
      this.#isGivenUp = true;
      this.#echo?.close();
      this.#tap.close();
      return;
    }
    this.#echo.close(closeCode, reason);
    this.#handler.onState('closing');
  }

  #connect(tapId: string): void {
    if (this.#isGivenUp) return;
    const handler = this.#handler;
    const deflate = this.#isCompressed ? `&${DEFLATE_PARAMETER}` : '';
    const echo = new WebSocket(addressOf(`${ECHO_PATH}?${TAP_PARAMETER}=${tapId}${deflate}`));
    let wasOpen = false;
    echo.binaryType = 'arraybuffer';
    echo.addEventListener('open', () => {
      wasOpen = true;
      handler.onState('open');
    });
    echo.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      handler.onMessage(typeof data === 'string' ? data : new Uint8Array(data));
    });
    echo.addEventListener('close', ({ code, reason }) => {
      this.#closed(wasOpen ? { code, reason } : undefined);
    });
    this.#echo = echo;
  }

  /** @param event undefined where the connection never was open */
  #closed(event: { readonly code: number; readonly reason: string } | undefined): void {
    const handler = this.#handler;
    handler.onState('closed');
    if (event !== undefined) handler.onClose(event.code, event.reason);
    else if (!this.#isGivenUp) handler.onProblem('The server does not answer. Is “wsimd serve” still running?');
  }
}

function addressOf(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
