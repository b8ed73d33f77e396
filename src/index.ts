/**
 * The codec, for every runtime: connections without I/O, frames, messages, masking, UTF-8 validation, topics.
 *
 * It imports nothing of any host, and importing it compiles and allocates nothing. The handshake and compression have entry
 * points of their own, so that programs without them don't carry them.
 *
 * @module wsimd
 */

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
  CLOSE_TRY_AGAIN_LATER,
  CLOSE_UNSUPPORTED_DATA,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} from '../assembly/shared/protocol.js';
export type { BytesConstructor } from './bytes/host.js';
export { Connection } from './connection.js';
export type { ConnectionOptions, ConnectionState } from './connection-options.js';
export { DEFAULT_MAX_MESSAGE_LENGTH, type DecoderOptions } from './frames/chunk-decoder.js';
export { type Frame, FrameDecoder } from './frames/frame-decoder.js';
export { type FrameBits, FrameEncoder, type FrameEncoderOptions } from './frames/frame-encoder.js';
export { FrameWriter } from './frames/frame-writer.js';
export { type CompressedForm, PreparedMessage, type PrepareOptions } from './frames/prepared-message.js';
export type { Kernel, KernelName } from './kernel/kernel.js';
export { mask, unmask } from './kernel/mask.js';
export { init, type KernelChoice, type KernelSelection, selectKernel } from './kernel/select.js';
export { findInvalidUtf8, isValidUtf8 } from './kernel/utf8.js';
export type { CompiledModule } from './kernel/wasm/wasm.js';
export type { MessageCompression, MessageDecompression } from './messages/compression.js';
export type { MessageEvent, MessageHandler, MessagePiece } from './messages/handler.js';
export type { MessageLifetime } from './messages/receive/decoder-config.js';
export { MessageDecoder, type MessageDecoderOptions } from './messages/receive/message-decoder.js';
export type { SendMessageOptions } from './messages/send/message-sender.js';
export type { SentMessage, UncompressedReason } from './messages/send/sent-message.js';
export { isCloseCode } from './protocol/close-code.js';
export { type ErrorCode, type ErrorDetails, ProtocolError } from './protocol/errors.js';
export type { Role } from './protocol/role.js';
export { type PublishOptions, type Subscriber, TopicHub, type TopicHubOptions } from './topics/topic-hub.js';
