// The WebSocket that the page opens itself: to the proxy, whose feed then tells its frames, or straight to any server, of which a
// browser shows messages only. Those are rows of the list too.

import type { FeedEntry } from './feed-entry.js';

export interface OwnConnectionEvents {
  /** A row for what passes; not called for a connection through the proxy. */
  entry(entry: FeedEntry): void;
  /** What has become of the connection, in words. */
  status(text: string, isOpen: boolean): void;
}

/** The name under which its rows are listed. */
export const OWN = 'page';

export class OwnConnection {
  readonly #events: OwnConnectionEvents;
  #socket: WebSocket | undefined;
  #isTold = false;

  constructor(events: OwnConnectionEvents) {
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /**
   * @param subprotocols separated by commas
   * @param isTold somebody else tells what passes
   * @throws what the browser says to a URL or a subprotocol that is none
   */
  open(url: string, subprotocols: string, isTold: boolean): void {
    this.close();
    const socket = new WebSocket(
      url,
      subprotocols.split(',').flatMap((name) => name.trim() || []),
    );
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#isTold = isTold;
    this.#events.status('connecting …', true);
    socket.addEventListener('open', () => {
      const { protocol, extensions } = socket;
      const details = [protocol && `subprotocol ${protocol}`, extensions].filter(Boolean).join(', ');
      this.#status(socket, `open${details && `: ${details}`}`, true);
    });
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => this.#tell('server', data));
    socket.addEventListener('close', ({ code, reason }) => {
      this.#status(socket, `closed with ${code}${reason && ` ${JSON.stringify(reason)}`}`, false);
      this.#note(`closed with ${code}${reason && ` ${JSON.stringify(reason)}`}`);
    });
  }

  close(code?: number, reason?: string): void {
    this.#socket?.close(code, reason);
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket?.send(data);
    this.#tell('client', typeof data === 'string' ? data : data.buffer);
  }

  #status(socket: WebSocket, text: string, isOpen: boolean): void {
    if (socket === this.#socket) this.#events.status(text, isOpen);
  }

  #note(text: string): void {
    if (!this.#isTold) this.#events.entry({ type: 'note', connection: OWN, time: new Date().toISOString(), text });
  }

  #tell(from: 'client' | 'server', data: string | ArrayBuffer): void {
    if (this.#isTold) return;
    const isText = typeof data === 'string';
    const bytes = isText ? new TextEncoder().encode(data) : new Uint8Array(data);
    const hex = () => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    this.#events.entry({
      type: 'direct',
      connection: OWN,
      time: new Date().toISOString(),
      from,
      name: isText ? 'text' : 'binary',
      payloadLength: bytes.length,
      payload: { ...(isText ? { text: data } : { hex: hex() }), isCut: false },
    });
  }
}
