// The messages of a WebSocket over streams, as they come and as they go.

/** A message: a string, or the bytes of a binary one. The reader owns it. */
export type Message = string | Uint8Array;
/** What can be sent: a string goes as text, the rest as binary. */
export type WritableMessage = string | ArrayBuffer | ArrayBufferView;

/** How much a message that has not been taken stands for, in the units of `highWaterMark`. */
export function costOf(message: Message): number {
  return 1 + message.length;
}

/** @throws TypeError for what is no message */
export function toBytes(message: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (message instanceof Uint8Array) return message;
  if (ArrayBuffer.isView(message)) return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
  if (message instanceof ArrayBuffer) return new Uint8Array(message);
  throw new TypeError(`a message is a string or bytes, not ${Object.prototype.toString.call(message)}`);
}
