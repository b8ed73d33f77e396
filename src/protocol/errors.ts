// Every error that wsimd reports, in one table: its code, the close code that it puts on the wire, the status that it
// answers a handshake with, its text. A leaf: it knows no kernel and no socket.

import {
  CLOSE_ABNORMAL,
  CLOSE_INVALID_PAYLOAD,
  CLOSE_POLICY_VIOLATION,
  CLOSE_PROTOCOL_ERROR,
  CLOSE_TOO_BIG,
  CLOSE_TRY_AGAIN_LATER,
  ERROR_CLOSE_CODE,
  ERROR_CLOSE_PAYLOAD,
  ERROR_CONTROL_TOO_LONG,
  ERROR_FRAGMENTED_CONTROL,
  ERROR_FRAME_TOO_LONG,
  ERROR_INVALID_UTF8,
  ERROR_LENGTH_NOT_MINIMAL,
  ERROR_LENGTH_TOP_BIT,
  ERROR_MASKED,
  ERROR_MESSAGE_TOO_LONG,
  ERROR_NOT_MASKED,
  ERROR_RESERVED_BITS,
  ERROR_RESERVED_OPCODE,
  ERROR_STRAY_CONTINUATION,
  ERROR_UNFINISHED_MESSAGE,
} from '../../assembly/shared/protocol.js';
import { shareInstances } from './share-instances.js';

interface ErrorEntry {
  readonly message: string;
  /** What a connection is failed with, where the error is the peer's. */
  readonly closeCode?: number;
  /** The number by which the kernel calls it. */
  readonly kernelError?: number;
  /** What a server answers a handshake with. */
  readonly status?: number;
}

const TABLE = {
  // ---- The peer broke a rule of framing (RFC 6455 sections 5 and 7, 8.1)
  WSIMD_RESERVED_BITS: {
    kernelError: ERROR_RESERVED_BITS,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a reserved bit is set that no negotiated extension owns',
  },
  WSIMD_RESERVED_OPCODE: {
    kernelError: ERROR_RESERVED_OPCODE,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'the opcode is reserved',
  },
  WSIMD_STRAY_CONTINUATION: {
    kernelError: ERROR_STRAY_CONTINUATION,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a continuation frame came without a message to continue',
  },
  WSIMD_UNFINISHED_MESSAGE: {
    kernelError: ERROR_UNFINISHED_MESSAGE,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a new data frame came before the last fragment of the message under way',
  },
  WSIMD_FRAGMENTED_CONTROL: {
    kernelError: ERROR_FRAGMENTED_CONTROL,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a control frame is fragmented',
  },
  WSIMD_NOT_MASKED: {
    kernelError: ERROR_NOT_MASKED,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a frame from a client is not masked',
  },
  WSIMD_MASKED: {
    kernelError: ERROR_MASKED,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a frame from a server is masked',
  },
  WSIMD_CONTROL_TOO_LONG: {
    kernelError: ERROR_CONTROL_TOO_LONG,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a control frame has a payload of more than 125 bytes',
  },
  WSIMD_CLOSE_PAYLOAD: {
    kernelError: ERROR_CLOSE_PAYLOAD,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a Close frame has a payload of 1 byte',
  },
  WSIMD_LENGTH_NOT_MINIMAL: {
    kernelError: ERROR_LENGTH_NOT_MINIMAL,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a payload length is not in its shortest form',
  },
  WSIMD_LENGTH_TOP_BIT: {
    kernelError: ERROR_LENGTH_TOP_BIT,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'the most significant bit of a 64-bit payload length is set',
  },
  WSIMD_CLOSE_CODE: {
    kernelError: ERROR_CLOSE_CODE,
    closeCode: CLOSE_PROTOCOL_ERROR,
    message: 'a Close frame has a code that may not be sent',
  },
  WSIMD_INVALID_UTF8: {
    kernelError: ERROR_INVALID_UTF8,
    closeCode: CLOSE_INVALID_PAYLOAD,
    message: 'a text message or a close reason is not valid UTF-8',
  },
  WSIMD_FRAME_TOO_LONG: {
    kernelError: ERROR_FRAME_TOO_LONG,
    closeCode: CLOSE_TOO_BIG,
    message: 'a frame is longer than maxFrameLength',
  },
  WSIMD_MESSAGE_TOO_LONG: {
    kernelError: ERROR_MESSAGE_TOO_LONG,
    closeCode: CLOSE_TOO_BIG,
    message: 'a message is longer than maxMessageLength',
  },
  // The payload of the message is at fault, as bad UTF-8 is: RFC 7692 names no code, and this is the one in use.
  WSIMD_INVALID_DEFLATE: {
    closeCode: CLOSE_INVALID_PAYLOAD,
    message: 'the compressed data of a message is not valid',
  },
  WSIMD_TOO_MANY_FRAGMENTS: {
    closeCode: CLOSE_POLICY_VIOLATION,
    message: 'a message has more fragments than maxFragments',
  },
  // Memory or a string of this length: what there is of either depends on the engine, and is known when it is asked for.
  WSIMD_ENGINE_LIMIT: {
    closeCode: CLOSE_TOO_BIG,
    message: 'the JavaScript engine cannot hold a message',
  },
  WSIMD_TOO_MANY_PINGS: {
    closeCode: CLOSE_POLICY_VIOLATION,
    message: 'more pings came than maxPingRate allows',
  },
  WSIMD_UNREAD: {
    closeCode: CLOSE_POLICY_VIOLATION,
    message: 'no message was read for unreadTimeout although the peer had more to send',
  },

  // ---- The transport
  WSIMD_CONNECTION_LOST: {
    closeCode: CLOSE_ABNORMAL,
    message: 'the transport ended before a Close frame was received',
  },

  // ---- The caller broke a rule
  WSIMD_STALE: { message: 'a cursor or a view was used after another chunk had been decoded' },
  WSIMD_NOT_OPEN: { message: 'the connection is not open' },
  WSIMD_MESSAGE_OPEN: { message: 'the last fragment of the message under way has not been sent' },
  WSIMD_NO_MESSAGE_OPEN: { message: 'there is no fragmented message to continue' },
  WSIMD_INVALID_CLOSE_CODE: { message: 'this close code may not be sent' },
  WSIMD_INVALID_REASON: { message: 'a close reason needs a code, and is at most 123 bytes of UTF-8' },
  WSIMD_CONTROL_PAYLOAD: { message: 'the payload of a control frame is at most 125 bytes' },
  WSIMD_BUFFER_TOO_SMALL: { message: 'the frame does not fit into the buffer' },
  WSIMD_BACKPRESSURE: { message: 'more than maxBackpressure bytes are queued for a peer that reads too slowly' },
  WSIMD_TOO_MUCH_HELD: {
    closeCode: CLOSE_TRY_AGAIN_LATER,
    message: 'all connections together hold more than maxHeldLength of incomplete messages',
  },
  WSIMD_INVALID_HEADER: { message: 'a header or status line is malformed and was not sent' },
  WSIMD_NO_KERNEL: { message: 'the kernel that was asked for cannot run here' },
  WSIMD_WRONG_MODULE: { message: 'the module is not that of this version of wsimd' },
  WSIMD_KERNEL_IN_USE: { message: 'a module must be given before the first codec is made' },

  // ---- The handshake, as a server judges it
  WSIMD_BAD_REQUEST: { status: 400, message: 'the request is not well-formed HTTP' },
  WSIMD_HEAD_TOO_LARGE: { status: 431, message: 'the head is longer than 16 KiB or has more than 100 headers' },
  WSIMD_BAD_METHOD: { status: 405, message: 'the method of a WebSocket handshake is GET' },
  WSIMD_BAD_HTTP_VERSION: { status: 400, message: 'a WebSocket handshake needs HTTP/1.1 or later' },
  WSIMD_BAD_HOST: {
    status: 400,
    message: 'the request needs exactly one Host header, and it must match the request target',
  },
  WSIMD_BAD_UPGRADE: { status: 400, message: 'the Upgrade header does not contain "websocket"' },
  WSIMD_BAD_CONNECTION: { status: 400, message: 'the Connection header does not contain "upgrade"' },
  WSIMD_BAD_KEY: { status: 400, message: 'the request needs exactly one Sec-WebSocket-Key, of 16 bytes in Base64' },
  WSIMD_BAD_VERSION: { status: 426, message: 'the Sec-WebSocket-Version is not 13' },
  WSIMD_BAD_PROTOCOL: { status: 400, message: 'the Sec-WebSocket-Protocol header is not a list of distinct tokens' },
  WSIMD_BAD_EXTENSIONS: { status: 400, message: 'the Sec-WebSocket-Extensions header is malformed' },
  WSIMD_REFUSED: { status: 403, message: 'the request was refused' },
  WSIMD_BAD_ORIGIN: { status: 403, message: 'requests from this Origin are not accepted' },

  // ---- The handshake, as a client judges it
  WSIMD_BAD_RESPONSE: { message: 'the response is not well-formed HTTP' },
  WSIMD_UNEXPECTED_STATUS: { message: 'the server answered with a status other than 101' },
  WSIMD_RESPONSE_UPGRADE: { message: 'the Upgrade header of the response is not "websocket"' },
  WSIMD_RESPONSE_CONNECTION: { message: 'the Connection header of the response does not contain "upgrade"' },
  WSIMD_RESPONSE_ACCEPT: { message: 'the Sec-WebSocket-Accept of the response does not answer the key' },
  WSIMD_RESPONSE_PROTOCOL: { message: 'the server chose a subprotocol that was not offered' },
  WSIMD_RESPONSE_EXTENSIONS: {
    message: 'the server chose an extension that was not offered, or invalid parameters for it',
  },
  WSIMD_NO_CONNECT: { message: 'no WebSocket can be opened on this HTTP/2 connection' },
  WSIMD_HANDSHAKE_TIMEOUT: { message: 'the opening handshake took longer than handshakeTimeout' },
  WSIMD_HANDSHAKE_ABORTED: { message: 'the WebSocket was closed before the connection was established' },
  WSIMD_BAD_REDIRECT: { message: 'the server redirected to an address that redirects may not lead to' },
  WSIMD_TOO_MANY_REDIRECTS: { message: 'the server redirected more often than maxRedirects' },
} as const satisfies Record<string, ErrorEntry>;

/** The code of an error: stable between releases, unlike its text. */
export type ErrorCode = keyof typeof TABLE;

const ENTRIES: Record<ErrorCode, ErrorEntry> = TABLE;

const BY_KERNEL_ERROR: ErrorCode[] = [];
for (const code of Object.keys(TABLE) as ErrorCode[]) {
  const { kernelError } = ENTRIES[code];
  if (kernelError !== undefined) BY_KERNEL_ERROR[kernelError] = code;
}

/** What a `ProtocolError` may say beyond its code. */
export interface ErrorDetails {
  /** See `ProtocolError.offset`. */
  readonly offset?: number;
  /** What was found, appended to the message. */
  readonly detail?: string;
  /** See `ProtocolError.status`; by default that of the code. */
  readonly status?: number;
  /** The error that led to this one, such as one of the JavaScript engine. */
  readonly cause?: unknown;
}

/**
 * A rule was broken: by the peer (then `closeCode` is set), in a handshake (`status`), or by the caller (neither).
 *
 * Tell them apart by `code`; the message is for people.
 */
export class ProtocolError extends Error {
  /** `'ProtocolError'`; errors that `ws` has too, in `wsimd/node`, have the name that `ws` gives them. */
  override readonly name = 'ProtocolError';
  /** Which rule. */
  readonly code: ErrorCode;
  /** The code to close the connection with (RFC 6455 section 7.4.1), where the error is the peer's; else undefined. */
  readonly closeCode: number | undefined;
  /** The HTTP status with which a server answers this request; undefined for errors after the handshake. */
  readonly status: number | undefined;
  /** The byte at fault, counted from the first byte that this decoder was given; undefined where no byte is at fault. */
  readonly offset: number | undefined;
  /** What was found, as the message says it; undefined where there is nothing to add. */
  readonly detail: string | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const entry = ENTRIES[code];
    const message = details.detail === undefined ? entry.message : `${entry.message}: ${details.detail}`;
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.closeCode = entry.closeCode;
    this.status = details.status ?? entry.status;
    this.offset = details.offset;
    this.detail = details.detail;
  }

  /**
   * The error for what `decode()` left in a state.
   *
   * @param kernelError an `ERROR_…` of `assembly/shared/protocol.ts`, not 0
   * @param offset the byte at fault, counted from the first byte of the stream
   * @param detail what was found there
   */
  static fromKernel(kernelError: number, offset: number, detail?: string): ProtocolError {
    const code = BY_KERNEL_ERROR[kernelError];
    if (code === undefined) throw new RangeError(`not an error of the kernel: ${kernelError}`);
    return new ProtocolError(code, detail === undefined ? { offset } : { offset, detail });
  }
}

shareInstances(ProtocolError, 'ProtocolError');

/**
 * The error that fails a connection for what was thrown while a peer's message was assembled: a ProtocolError as it is, an error of
 * the engine (no memory, a string that is too long) as the cause of `WSIMD_ENGINE_LIMIT`. Not for errors of a user's handler.
 */
export function asMessageError(thrown: unknown): ProtocolError {
  if (thrown instanceof ProtocolError) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new ProtocolError('WSIMD_ENGINE_LIMIT', { detail, cause: thrown });
}

/** `asMessageError` made it of an error of the engine. */
export function isEngineLimit(error: unknown): error is ProtocolError {
  return error instanceof ProtocolError && error.code === 'WSIMD_ENGINE_LIMIT';
}
