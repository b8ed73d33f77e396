// Errors as users of `ws` expect them: the codes that it documents, over our own, which stay reachable as the cause.

import { type ErrorCode, ProtocolError } from '../../protocol/errors.js';
import { STATE_NAMES } from './websocket-events.js';

const CODES: Partial<Record<ErrorCode, string>> = {
  WSIMD_RESERVED_OPCODE: 'WS_ERR_INVALID_OPCODE',
  WSIMD_STRAY_CONTINUATION: 'WS_ERR_INVALID_OPCODE',
  WSIMD_UNFINISHED_MESSAGE: 'WS_ERR_INVALID_OPCODE',
  WSIMD_FRAGMENTED_CONTROL: 'WS_ERR_EXPECTED_FIN',
  WSIMD_NOT_MASKED: 'WS_ERR_EXPECTED_MASK',
  WSIMD_MASKED: 'WS_ERR_UNEXPECTED_MASK',
  WSIMD_CONTROL_TOO_LONG: 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
  WSIMD_CLOSE_PAYLOAD: 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
  WSIMD_LENGTH_TOP_BIT: 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
  WSIMD_CLOSE_CODE: 'WS_ERR_INVALID_CLOSE_CODE',
  WSIMD_INVALID_UTF8: 'WS_ERR_INVALID_UTF8',
  WSIMD_MESSAGE_TOO_LONG: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  WSIMD_TOO_MANY_FRAGMENTS: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
};

/** What `ws` says of a frame, behind `Invalid WebSocket frame: `. Programs match these texts. */
const FRAME_TEXTS: Partial<Record<ErrorCode, string>> = {
  WSIMD_RESERVED_OPCODE: 'invalid opcode',
  WSIMD_STRAY_CONTINUATION: 'invalid opcode 0',
  WSIMD_UNFINISHED_MESSAGE: 'invalid opcode',
  WSIMD_FRAGMENTED_CONTROL: 'FIN must be set',
  WSIMD_NOT_MASKED: 'MASK must be set',
  WSIMD_MASKED: 'MASK must be clear',
  WSIMD_CONTROL_TOO_LONG: 'invalid payload length',
  WSIMD_CLOSE_PAYLOAD: 'invalid payload length 1',
  WSIMD_CLOSE_CODE: 'invalid status code',
  WSIMD_INVALID_UTF8: 'invalid UTF-8 sequence',
};

/** What `ws` says of a message or a handshake. */
const TEXTS: Partial<Record<ErrorCode, string>> = {
  WSIMD_LENGTH_TOP_BIT: 'Unsupported WebSocket frame: payload length > 2^53 - 1',
  WSIMD_MESSAGE_TOO_LONG: 'Max payload size exceeded',
  WSIMD_TOO_MANY_FRAGMENTS: 'Too many message fragments',
  WSIMD_RESPONSE_UPGRADE: 'Invalid Upgrade header',
  WSIMD_RESPONSE_ACCEPT: 'Invalid Sec-WebSocket-Accept header',
  WSIMD_RESPONSE_PROTOCOL: 'Server sent an invalid subprotocol',
  WSIMD_RESPONSE_EXTENSIONS: 'Invalid Sec-WebSocket-Extensions header',
  WSIMD_HANDSHAKE_TIMEOUT: 'Opening handshake has timed out',
  WSIMD_HANDSHAKE_ABORTED: 'WebSocket was closed before the connection was established',
  WSIMD_TOO_MANY_REDIRECTS: 'Maximum redirects exceeded',
  WSIMD_BAD_METHOD: 'Invalid HTTP method',
  WSIMD_BAD_UPGRADE: 'Invalid Upgrade header',
  WSIMD_BAD_KEY: 'Missing or invalid Sec-WebSocket-Key header',
  WSIMD_BAD_VERSION: 'Missing or invalid Sec-WebSocket-Version header',
  WSIMD_BAD_PROTOCOL: 'Invalid Sec-WebSocket-Protocol header',
  WSIMD_BAD_EXTENSIONS: 'Invalid or unacceptable Sec-WebSocket-Extensions header',
  WSIMD_INVALID_CLOSE_CODE: 'First argument must be a valid error code number',
  WSIMD_INVALID_REASON: 'The message must not be greater than 123 bytes',
  WSIMD_CONTROL_PAYLOAD: 'The data size must not be greater than 125 bytes',
};

/**
 * The peer broke a rule. `name` and `message` are those of the error that `ws` has for it. `cause` is the ProtocolError of the codec,
 * with its own code, what was found, and the offset of the byte at fault.
 */
export class WebSocketError extends Error {
  /** `'RangeError'`, or `'Error'` for invalid UTF-8, as with `ws`. */
  override readonly name: string;
  /** One of the `WS_ERR_…` that `ws` documents; for rules that it does not check, ours (`WSIMD_…`). */
  readonly code: string;
  /** What the connection is failed with. */
  readonly closeCode: number | undefined;
  /** The error of the codec, with its own code and the offset of the byte at fault. */
  override readonly cause: ProtocolError;

  constructor(cause: ProtocolError) {
    super(frameText(cause), { cause });
    this.name = cause.code === 'WSIMD_INVALID_UTF8' ? 'Error' : 'RangeError';
    Object.defineProperty(this, 'name', { enumerable: false });
    this.cause = cause;
    this.closeCode = cause.closeCode;
    this.code = cause.code === 'WSIMD_RESERVED_BITS' ? reservedBitsCode(cause) : (CODES[cause.code] ?? cause.code);
  }
}

function frameText(cause: ProtocolError): string {
  const text = TEXTS[cause.code];
  if (text !== undefined) return text;
  if (cause.code === 'WSIMD_RESERVED_BITS') {
    const isFirst = reservedBitsCode(cause) === 'WS_ERR_UNEXPECTED_RSV_1';
    return `Invalid WebSocket frame: ${isFirst ? 'RSV1' : 'RSV2 and RSV3'} must be clear`;
  }
  return `Invalid WebSocket frame: ${FRAME_TEXTS[cause.code] ?? cause.message}`;
}

/** Nothing can be sent in this `readyState`. */
export function notOpenError(state: number): ProtocolError {
  const detail = `readyState ${state} (${STATE_NAMES[state]})`;
  return inWordsOfWs(new ProtocolError('WSIMD_NOT_OPEN', { detail }), `WebSocket is not open: ${detail}`);
}

/**
 * The same error with the name and the text that `ws` gives it, which programs match. Its class, code and details stay as they are.
 *
 * @param text default: what `ws` says, if it has such an error
 */
export function inWordsOfWs(error: ProtocolError, text: string | undefined = TEXTS[error.code]): ProtocolError {
  const message = text ?? error.message;
  const stack = error.stack?.replace(error.message, message);
  const hidden = { configurable: true, enumerable: false, writable: true };
  Object.defineProperties(error, {
    name: { ...hidden, value: 'Error' },
    message: { ...hidden, value: message },
    stack: { ...hidden, value: stack },
  });
  return error;
}

function reservedBitsCode({ detail = '' }: ProtocolError): string {
  return /RSV[23]/.test(detail) ? 'WS_ERR_UNEXPECTED_RSV_2_3' : 'WS_ERR_UNEXPECTED_RSV_1';
}

/** The caller asked for what may not be: an error of the class that `ws` throws, with our code. */
export function callerError(Class: new (message: string) => Error, code: ErrorCode, detail: string): Error {
  const isWrongType = Class === TypeError && code === 'WSIMD_INVALID_REASON';
  const text = isWrongType
    ? 'Second argument must be a string or a Uint8Array'
    : (TEXTS[code] ?? new ProtocolError(code, { detail }).message);
  return Object.assign(new Class(text), { code, detail });
}
