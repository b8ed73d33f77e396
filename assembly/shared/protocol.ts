// The numbers of RFC 6455: bits of a frame header, opcodes, limits, close codes, and the error codes that the kernel
// returns. Imported by assembly/ (as AssemblyScript) and by src/ (as TypeScript), so it holds literals only, imports
// nothing, and knows neither memory nor connections.

// ---- Section 5.2: the first byte of a header: FIN RSV1 RSV2 RSV3 opcode(4)

export const FIN = 0x80;
export const RSV1 = 0x40;
export const RSV2 = 0x20;
export const RSV3 = 0x10;
export const RSV_BITS = 0x70;
export const OPCODE_BITS = 0x0f;

/** The opcode of a fragment that continues a message (RFC 6455 section 5.4). */
export const OPCODE_CONTINUATION = 0x0;
/** The opcode of a text message, or of its first fragment (RFC 6455 section 5.6). */
export const OPCODE_TEXT = 0x1;
/** The opcode of a binary message, or of its first fragment (RFC 6455 section 5.6). */
export const OPCODE_BINARY = 0x2;
/** The opcode of a Close frame (RFC 6455 section 5.5.1). */
export const OPCODE_CLOSE = 0x8;
/** The opcode of a ping (RFC 6455 section 5.5.2). */
export const OPCODE_PING = 0x9;
/** The opcode of a pong (RFC 6455 section 5.5.3). */
export const OPCODE_PONG = 0xa;

/** Set in the opcodes of control frames (section 5.5) and in no other. */
export const OPCODE_CONTROL_BIT = 0x8;

// ---- Section 5.2: the second byte: MASK payload-length(7)

export const MASKED = 0x80;
export const LENGTH_BITS = 0x7f;
/** A 7-bit length of this value says that a 16-bit length follows. */
export const LENGTH_16 = 126;
/** A 7-bit length of this value says that a 64-bit length follows. */
export const LENGTH_64 = 127;

export const MAX_LENGTH_7 = 125;
export const MAX_LENGTH_16 = 0xffff;
/** Two bytes, eight of extended length, four of masking key. */
export const MAX_HEADER_LENGTH = 14;
/** Section 5.5: the longest payload of a control frame, in bytes. */
export const MAX_CONTROL_PAYLOAD = 125;
/** A close reason shares its control frame with the two bytes of the code. */
export const MAX_CLOSE_REASON = 123;

// ---- Section 7.4: close codes

/** The close code for a purpose that is fulfilled. */
export const CLOSE_NORMAL = 1000;
/** The close code of a server that shuts down, or of a page that is left. */
export const CLOSE_GOING_AWAY = 1001;
/** The close code for a peer that broke a rule of framing. */
export const CLOSE_PROTOCOL_ERROR = 1002;
/** The close code for a message of a type that the endpoint does not take, such as binary. */
export const CLOSE_UNSUPPORTED_DATA = 1003;
/** Never sent: what the API reports for a Close frame without a code. */
export const CLOSE_NO_STATUS = 1005;
/** Never sent: what the API reports for a connection that ended without a Close frame. */
export const CLOSE_ABNORMAL = 1006;
/** The close code for text that is not UTF-8, or compressed data that is not valid. */
export const CLOSE_INVALID_PAYLOAD = 1007;
/** The close code for a rule of the application, such as a limit on a rate. */
export const CLOSE_POLICY_VIOLATION = 1008;
/** The close code for a message beyond a limit on lengths. */
export const CLOSE_TOO_BIG = 1009;
/** The close code of a server that met an unexpected condition. */
export const CLOSE_INTERNAL_ERROR = 1011;
/** The close code of a server that is overloaded, from the IANA registry. */
export const CLOSE_TRY_AGAIN_LATER = 1013;

// ---- What decode() writes into a state's error field. src/protocol/errors.ts gives each its name, text and close code.

export const ERROR_NONE = 0;
export const ERROR_RESERVED_BITS = 1;
export const ERROR_RESERVED_OPCODE = 2;
export const ERROR_STRAY_CONTINUATION = 3;
export const ERROR_UNFINISHED_MESSAGE = 4;
export const ERROR_FRAGMENTED_CONTROL = 5;
export const ERROR_NOT_MASKED = 6;
export const ERROR_MASKED = 7;
export const ERROR_CONTROL_TOO_LONG = 8;
export const ERROR_CLOSE_PAYLOAD = 9;
export const ERROR_LENGTH_NOT_MINIMAL = 10;
export const ERROR_LENGTH_TOP_BIT = 11;
export const ERROR_FRAME_TOO_LONG = 12;
export const ERROR_MESSAGE_TOO_LONG = 13;
export const ERROR_CLOSE_CODE = 14;
export const ERROR_INVALID_UTF8 = 15;
