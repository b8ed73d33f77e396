// A decoder of RFC 6455 frames to hold the others against: written from the RFC to be read, not to be fast. It shares no
// code with src/ or assembly/. It is given a stream whole, so it needs no states; what others find out while a stream
// arrives, it finds out looking back.

export interface ReferenceRules {
  readonly role: 'client' | 'server' | 'observer';
  /** Bytes; default: no limit. */
  readonly maxFrameLength?: number;
  /** Bytes; default: no limit. */
  readonly maxMessageLength?: number;
  readonly skipUtf8Validation?: boolean;
}

export interface ReferenceFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly maskingKey: Uint8Array | undefined;
  readonly headerLength: number;
  /** Unmasked. */
  readonly payload: Uint8Array;
}

export interface ReferenceEvent {
  readonly type: 'text' | 'binary' | 'ping' | 'pong' | 'close';
  /** Of a Close frame: its reason. */
  readonly payload: Uint8Array;
  /** Of a Close frame: its code, 1005 where it has none. */
  readonly closeCode?: number;
}

export interface ReferenceFailure {
  /** The rule that was broken, as the codes of `ProtocolError` call it. */
  readonly rule: string;
  readonly closeCode: 1002 | 1007 | 1009;
  /** The byte at fault, counted from the stream's first. */
  readonly offset: number;
}

export interface ReferenceResult {
  /** Those that are whole, up to the failure. */
  readonly frames: ReferenceFrame[];
  readonly events: ReferenceEvent[];
  readonly failure: ReferenceFailure | undefined;
  /** Where the reading stopped: behind the last whole frame. */
  readonly end: number;
}

/** Section 5.2: the opcodes that have a meaning. */
const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
const TOP_BIT = 1n << 63n;

class Failure extends Error {
  constructor(
    readonly rule: string,
    readonly closeCode: ReferenceFailure['closeCode'],
    readonly offset: number,
  ) {
    super(rule);
  }
}

export function referenceDecode(stream: Uint8Array, rules: ReferenceRules): ReferenceResult {
  const frames: ReferenceFrame[] = [];
  const events: ReferenceEvent[] = [];
  /** The opcode of the message that is open, and what has come of it. */
  let open: number | undefined;
  let message: Uint8Array = new Uint8Array(0);
  let at = 0;

  try {
    for (;;) {
      const header = readHeader(stream, at, open !== undefined, message.length, rules);
      if (header === undefined) break;
      const { fin, opcode, maskingKey, headerLength, payloadLength } = header;
      const start = at + headerLength;
      const available = stream.length - start;
      const isWhole = BigInt(available) >= payloadLength;
      const payload = unmask(stream.subarray(start, isWhole ? start + Number(payloadLength) : undefined), maskingKey);

      if (opcode === CLOSE) checkClose(payload, isWhole, start, rules);
      if (opcode <= BINARY) {
        if (opcode !== CONTINUATION) open = opcode;
        const whole = join(message, payload);
        if (open === TEXT && !rules.skipUtf8Validation) {
          checkText(whole, isWhole && fin, start - message.length);
        }
        message = whole;
      }
      if (!isWhole) break;

      frames.push({ fin, opcode, maskingKey, headerLength, payload });
      at = start + payload.length;
      if (opcode === PING) events.push({ type: 'ping', payload });
      if (opcode === PONG) events.push({ type: 'pong', payload });
      if (opcode === CLOSE) {
        const closeCode = payload.length === 0 ? 1005 : payload[0]! * 256 + payload[1]!;
        events.push({ type: 'close', closeCode, payload: payload.subarray(2) });
        break;
      }
      if (opcode <= BINARY && fin) {
        events.push({ type: open === TEXT ? 'text' : 'binary', payload: message });
        open = undefined;
        message = new Uint8Array(0);
      }
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { rule, closeCode, offset } = error;
    return { frames, events, failure: { rule, closeCode, offset }, end: at };
  }
  return { frames, events, failure: undefined, end: at };
}

interface Header {
  readonly fin: boolean;
  readonly opcode: number;
  readonly maskingKey: Uint8Array | undefined;
  readonly headerLength: number;
  readonly payloadLength: bigint;
}

/** The header at `at`, its rules checked; undefined where the stream ends inside it. */
function readHeader(
  stream: Uint8Array,
  at: number,
  isMessageOpen: boolean,
  messageLength: number,
  rules: ReferenceRules,
): Header | undefined {
  if (stream.length - at < 2) return undefined;
  const [first, second] = [stream[at]!, stream[at + 1]!];
  const fin = (first & 0x80) !== 0;
  const opcode = first & 0x0f;
  const isControl = opcode >= 8;
  const masked = (second & 0x80) !== 0;
  const shortLength = second & 0x7f;

  // 5.2: "RSV1, RSV2, RSV3 ... MUST be 0": no extension is negotiated here.
  if ((first & 0x70) !== 0) throw new Failure('RESERVED_BITS', 1002, at);
  // 5.2: "%x3-7 are reserved", "%xB-F are reserved".
  if (![CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].includes(opcode)) {
    throw new Failure('RESERVED_OPCODE', 1002, at);
  }
  // 5.4: a fragmented message is a frame with another opcode than 0, then frames with opcode 0.
  if (opcode === CONTINUATION && !isMessageOpen) throw new Failure('STRAY_CONTINUATION', 1002, at);
  if ((opcode === TEXT || opcode === BINARY) && isMessageOpen) throw new Failure('UNFINISHED_MESSAGE', 1002, at);
  // 5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
  if (isControl && !fin) throw new Failure('FRAGMENTED_CONTROL', 1002, at);
  // 5.1: "The server MUST close the connection upon receiving a frame that is not masked", the client one that is.
  if (rules.role === 'server' && !masked) throw new Failure('NOT_MASKED', 1002, at + 1);
  if (rules.role === 'client' && masked) throw new Failure('MASKED', 1002, at + 1);
  if (isControl && shortLength > 125) throw new Failure('CONTROL_TOO_LONG', 1002, at + 1);
  // 5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer".
  if (opcode === CLOSE && shortLength === 1) throw new Failure('CLOSE_PAYLOAD', 1002, at + 1);

  const extendedLength = shortLength === 127 ? 8 : shortLength === 126 ? 2 : 0;
  const headerLength = 2 + extendedLength + (masked ? 4 : 0);
  if (stream.length - at < headerLength) return undefined;
  let payloadLength = BigInt(shortLength);
  if (extendedLength !== 0) {
    payloadLength = 0n;
    for (let i = 0; i < extendedLength; i++) payloadLength = payloadLength * 256n + BigInt(stream[at + 2 + i]!);
  }

  // 5.2: "the most significant bit MUST be 0", and "the minimal number of bytes MUST be used to encode the length".
  if (payloadLength >= TOP_BIT) throw new Failure('LENGTH_TOP_BIT', 1002, at + 2);
  if (extendedLength === 2 && payloadLength < 126n) throw new Failure('LENGTH_NOT_MINIMAL', 1002, at + 2);
  if (extendedLength === 8 && payloadLength < 65536n) throw new Failure('LENGTH_NOT_MINIMAL', 1002, at + 2);
  // 10.4: limits of the implementation, on data.
  if (!isControl) {
    const { maxFrameLength = Number.MAX_SAFE_INTEGER, maxMessageLength = Number.MAX_SAFE_INTEGER } = rules;
    if (payloadLength > BigInt(maxFrameLength)) throw new Failure('FRAME_TOO_LONG', 1009, at + 1);
    if (BigInt(messageLength) + payloadLength > BigInt(maxMessageLength)) {
      throw new Failure('MESSAGE_TOO_LONG', 1009, at + 1);
    }
  }
  const maskingKey = masked ? stream.slice(at + headerLength - 4, at + headerLength) : undefined;
  return { fin, opcode, maskingKey, headerLength, payloadLength };
}

/** Section 5.3: "j = i MOD 4; transformed-octet-i = original-octet-i XOR masking-key-octet-j". */
function unmask(payload: Uint8Array, maskingKey: Uint8Array | undefined): Uint8Array {
  const original = payload.slice();
  if (maskingKey !== undefined) {
    for (let i = 0; i < original.length; i++) original[i] = original[i]! ^ maskingKey[i % 4]!;
  }
  return original;
}

/** Section 7.4; of a Close frame that has not come whole, what is there of it. */
function checkClose(payload: Uint8Array, isWhole: boolean, start: number, rules: ReferenceRules): void {
  if (payload.length < 2) return;
  const code = payload[0]! * 256 + payload[1]!;
  if (!mayBeSent(code)) throw new Failure('CLOSE_CODE', 1002, start);
  if (!rules.skipUtf8Validation) checkText(payload.subarray(2), isWhole, start + 2);
}

/** Section 7.4.1 and the registry of section 11.7; 7.4.2: 3000 to 4999 are for others. */
function mayBeSent(code: number): boolean {
  if (code >= 3000) return code < 5000;
  const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  return registered.includes(code);
}

/** Section 8.1. Where the text ends inside a character, the fault lies just behind it. */
function checkText(text: Uint8Array, isWhole: boolean, start: number): void {
  let at = 0;
  while (at < text.length) {
    const length = characterLength(text, at);
    if (typeof length !== 'number') throw new Failure('INVALID_UTF8', 1007, start + length.badOffset);
    at += length;
  }
  if (at > text.length && isWhole) throw new Failure('INVALID_UTF8', 1007, start + text.length);
}

/**
 * RFC 3629 section 4: how many bytes the character at `at` has (more than are there, if the text ends inside it), or
 * which byte makes it none.
 */
function characterLength(text: Uint8Array, at: number): number | { readonly badOffset: number } {
  const lead = text[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return { badOffset: at };
  for (let i = 1; i < length && at + i < text.length; i++) {
    const byte = text[at + i]!;
    let [lowest, highest] = [0x80, 0xbf];
    if (i === 1 && lead === 0xe0) lowest = 0xa0;
    if (i === 1 && lead === 0xed) highest = 0x9f;
    if (i === 1 && lead === 0xf0) lowest = 0x90;
    if (i === 1 && lead === 0xf4) highest = 0x8f;
    if (byte < lowest || byte > highest) return { badOffset: at + i };
  }
  return length;
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}
