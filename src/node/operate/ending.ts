// How a connection ended.

import { CLOSE_ABNORMAL } from '../../../assembly/shared/protocol.js';

/** How a connection ended: what `closed` of a WebSocket is fulfilled with. */
export interface SocketClosed {
  /** The code of the peer's Close frame; 1005: it had none; 1006: there was no Close frame. */
  readonly closeCode: number;
  /** The reason of the peer's Close frame; empty if there is none. */
  readonly reason: string;
  /** Both sides have sent a Close frame. */
  readonly wasClean: boolean;
}

/** The key of the method of a WebSocket that is told how it has ended, before `close` is emitted. */
export const ENDED = Symbol('ended');

/** Of a connection that failed to open. */
export const NOT_OPENED: SocketClosed = { closeCode: CLOSE_ABNORMAL, reason: '', wasClean: false };
