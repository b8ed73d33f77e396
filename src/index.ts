// The public face of the core, for every runtime: frames, messages, connections. It imports nothing of any host, and importing
// it compiles and allocates nothing. The handshake and compression have entries of their own: who does not use them does not
// carry them.

export {
  CLOSE_ABNORMAL,
  CLOSE_GOING_AWAY,
  CLOSE_INTERNAL_ERROR,
  CLOSE_INVALID_PAYLOAD,
  CLOSE_NO_STATUS,
  CLOSE_NORMAL,
  CLOSE_POLICY_VIOLATION,
  CLOSE_PROTOCOL_ERROR,
  CLOSE_TOO_BIG,
  CLOSE_UNSUPPORTED_DATA,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} from '../assembly/protocol.js';
export { Connection, type ConnectionOptions, type ConnectionState } from './connection.js';
export { type ErrorCode, type ErrorDetails, ProtocolError } from './errors.js';
export { DEFAULT_MAX_MESSAGE_LENGTH, type DecoderOptions, type Role } from './frames/chunk-decoder.js';
export { type Frame, FrameDecoder } from './frames/frame-decoder.js';
export { type FrameBits, FrameEncoder, type FrameEncoderOptions } from './frames/frame-encoder.js';
export { FrameWriter } from './frames/frame-writer.js';
export { mask, unmask } from './frames/mask.js';
export { type CompressedForm, PreparedMessage, type PrepareOptions } from './frames/prepared-message.js';
export { findInvalidUtf8, isValidUtf8 } from './frames/utf8.js';
export { isCloseCode } from './kernel/close-code.js';
export type { Kernel, KernelName } from './kernel/kernel.js';
export { init, type KernelChoice, type KernelSelection, selectKernel } from './kernel/select.js';
export type { CompiledModule } from './kernel/wasm.js';
export type { MessageCompression, MessageDecompression } from './messages/compression.js';
export type { MessageEvent, MessageHandler, MessagePiece } from './messages/handler.js';
export { MessageDecoder, type MessageDecoderOptions } from './messages/message-decoder.js';
export type { SendMessageOptions } from './messages/message-sender.js';
