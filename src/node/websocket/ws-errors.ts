// Errors as users of `ws` expect them: the codes that it documents, over our own, which stay reachable as the cause.

import { type ErrorCode, ProtocolError } from '../../protocol/errors.js';

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

/** The peer broke a rule. `cause` is the ProtocolError of the codec, with its own code and the offset of the byte at fault. */
export class WebSocketError extends Error {
  override readonly name = 'WebSocketError';
  /** One of the `WS_ERR_…` that `ws` documents; for rules that it does not check, ours (`WSIMD_…`). */
  readonly code: string;
  /** What the connection is failed with. */
  readonly closeCode: number | undefined;
  override readonly cause: ProtocolError;

  constructor(cause: ProtocolError) {
    super(cause.message, { cause });
    this.cause = cause;
    this.closeCode = cause.closeCode;
    this.code = cause.code === 'WSIMD_RESERVED_BITS' ? reservedBitsCode(cause) : (CODES[cause.code] ?? cause.code);
  }
}

function reservedBitsCode({ detail = '' }: ProtocolError): string {
  return /RSV[23]/.test(detail) ? 'WS_ERR_UNEXPECTED_RSV_2_3' : 'WS_ERR_UNEXPECTED_RSV_1';
}

/** The caller asked for what may not be: an error of the class that `ws` throws, with our code. */
export function callerError(Class: new (message: string) => Error, code: ErrorCode, detail: string): Error {
  return Object.assign(new Class(new ProtocolError(code, { detail }).message), { code });
}
