// The options of a message decoder, and its config: the checked options with their defaults. Connections with the same options share
// one config.

import { DEFAULT_MAX_MESSAGE_LENGTH, type DecoderOptions } from '../../frames/chunk-decoder.js';
import { atLeast, oneOf, trueOrFalse } from '../../protocol/option-checks.js';

/** Options of a `MessageDecoder`: those of every decoder, and these. */
export interface MessageDecoderOptions extends Omit<DecoderOptions, 'allowRsv1'> {
  /** How texts are delivered: as strings (default), or as the bytes of their UTF-8. */
  readonly textAs?: 'string' | 'bytes';
  /**
   * How messages are delivered. `'messages'` (default): whole. `'pieces'`: a message that spans frames or chunks is delivered piece
   * by piece as it arrives, and never buffered. A compressed message is inflated as it arrives. One that comes in one frame of one chunk
   * is delivered in pieces if it inflates to more than 64 KiB, or takes more than one step.
   */
  readonly deliver?: 'messages' | 'pieces';
  /** Frames that a message may have; more fail with 1008. Default: no limit. No effect on pieces. */
  readonly maxFragments?: number;
  /**
   * Whether the decoder may write into the chunks that it is given, and deliver parts of them (default true, which suits the bytes
   * of a socket). Binary messages are then parts of the chunk, unmasked in place, and keep all of it alive; but no message keeps a chunk
   * that is longer than 128 KiB and more than twice the message. With false they are copied, and the chunk is not changed.
   */
  readonly ownsChunks?: boolean;
  /**
   * Whether a call does at most about a millisecond's work (default false: it does all there is). The rest is then pending
   * (`hasPendingInput`) and is done by the next call, or by `continue`; new input queues behind it. For a transport that serves other
   * connections in between, so that no peer can hold those up. The work is counted in bytes, messages and blocks of compressed data,
   * and what a handler sends counts as well.
   */
  readonly inTurns?: boolean;
  /**
   * How long binary messages, text bytes and pieces are valid. `'owned'` (default): the handler may keep them. `'listener'`: until the
   * handler's method returns. Their memory is then used again, so that only compressed messages are allocated; a handler that keeps
   * bytes longer has to copy them. `'listener-checked'`: the same, and the bytes are overwritten with 0xdb after each call, those of
   * compressed messages too, to find handlers that keep them.
   */
  readonly messageLifetime?: MessageLifetime;
}

/** See the option `messageLifetime`. */
export type MessageLifetime = 'owned' | 'listener' | 'listener-checked';

export interface MessageDecoderConfig {
  readonly textAsBytes: boolean;
  readonly inPieces: boolean;
  readonly ownsChunks: boolean;
  readonly inTurns: boolean;
  /** Messages are valid only until the handler returns. */
  readonly isLent: boolean;
  /** The bytes of a message are overwritten after its delivery. */
  readonly isWiped: boolean;
  readonly isValidated: boolean;
  readonly maxFragments: number;
  readonly maxMessageLength: number;
}

/** Options that have been checked, and their config. */
interface Checked extends Pick<MessageDecoderOptions, 'textAs' | 'deliver' | 'messageLifetime' | 'skipUtf8Validation'> {
  readonly config: MessageDecoderConfig;
}

/** Those that were checked last: a server has the same ones for each connection. */
let last: Checked | undefined;

const checkTextAs = oneOf('string', 'bytes');
const checkDeliver = oneOf('messages', 'pieces');
const checkMessageLifetime = oneOf('owned', 'listener', 'listener-checked');
const checkMaxFragments = atLeast(1);

/** @throws RangeError, TypeError for options out of range */
export function decoderConfigFor(options: MessageDecoderOptions): MessageDecoderConfig {
  const { textAs = 'string', deliver = 'messages', ownsChunks = true, skipUtf8Validation = false } = options;
  const { inTurns = false } = options;
  const { messageLifetime = 'owned' } = options;
  const { maxFragments = Number.MAX_SAFE_INTEGER, maxMessageLength = DEFAULT_MAX_MESSAGE_LENGTH } = options;
  if (
    last?.textAs === textAs &&
    last.deliver === deliver &&
    last.messageLifetime === messageLifetime &&
    last.skipUtf8Validation === skipUtf8Validation &&
    last.config.ownsChunks === ownsChunks &&
    last.config.inTurns === inTurns &&
    last.config.maxFragments === maxFragments &&
    last.config.maxMessageLength === maxMessageLength
  ) {
    return last.config;
  }
  checkTextAs('textAs', textAs);
  checkDeliver('deliver', deliver);
  trueOrFalse('ownsChunks', ownsChunks);
  trueOrFalse('inTurns', inTurns);
  checkMessageLifetime('messageLifetime', messageLifetime);
  trueOrFalse('skipUtf8Validation', skipUtf8Validation);
  checkMaxFragments('maxFragments', maxFragments);
  const config: MessageDecoderConfig = {
    textAsBytes: textAs === 'bytes',
    inPieces: deliver === 'pieces',
    ownsChunks,
    inTurns,
    isLent: messageLifetime !== 'owned',
    isWiped: messageLifetime === 'listener-checked',
    isValidated: !skipUtf8Validation,
    maxFragments,
    maxMessageLength,
  };
  last = { textAs, deliver, messageLifetime, skipUtf8Validation, config };
  return config;
}
