// Passes what a decoder delivers on to whoever listens now, or to nobody. Whoever stands between the two extends it by what is
// to be done first. It knows no connection.

import type { ProtocolError } from '../../protocol/errors.js';
import type { MessageHandler, MessagePiece } from '../handler.js';

export class Relay implements MessageHandler {
  /** Who listens; it may change in the middle of a delivery. */
  handler: MessageHandler | undefined;

  onText(text: string): void {
    this.handler?.onText(text);
  }
  onTextBytes(bytes: Uint8Array): void {
    this.handler?.onTextBytes?.(bytes);
  }
  onBinary(data: Uint8Array): void {
    this.handler?.onBinary(data);
  }
  onFragments(fragments: Uint8Array[]): void {
    this.handler?.onFragments?.(fragments);
  }
  onPiece(piece: MessagePiece): void {
    this.handler?.onPiece?.(piece);
  }
  onPing(payload: Uint8Array): void {
    this.handler?.onPing(payload);
  }
  onPong(payload: Uint8Array): void {
    this.handler?.onPong(payload);
  }
  onClose(closeCode: number, reason: string): void {
    this.handler?.onClose(closeCode, reason);
  }
  onError(error: ProtocolError): void {
    this.handler?.onError(error);
  }
}
