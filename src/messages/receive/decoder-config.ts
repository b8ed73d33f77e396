// The options of a message decoder, and its config: the options checked, with their defaults. It says how records become messages.
// Connections with the same options share one config.

import { DEFAULT_MAX_MESSAGE_LENGTH, type DecoderOptions } from '../../frames/chunk-decoder.js';
import { atLeast, oneOf, trueOrFalse } from '../../protocol/option-checks.js';

/** What a message decoder can be told beyond what every decoder can. */
export interface MessageDecoderOptions extends Omit<DecoderOptions, 'allowRsv1'> {
  /** How texts are delivered: as strings (default), or as the bytes of their UTF-8. */
  readonly textAs?: 'string' | 'bytes';
  /**
   * `'messages'` (default): each message whole. `'pieces'`: a message that does not come whole in one frame in one chunk is
   * delivered as the pieces that arrive, and never buffered. A compressed one is inflated once it has come whole, and
   * delivered in pieces if it then has more than 64 KiB.
   */
  readonly deliver?: 'messages' | 'pieces';
  /** Frames that a message may have; with more it fails with 1008. Default: no limit. Without effect on pieces. */
  readonly maxFragments?: number;
  /**
   * Whether the decoder may write into the chunks that it is given, and hand out parts of them (default true: the bytes of
   * a socket are nobody else's). Binary messages are then parts of the chunk, unmasked in place, and keep all of it alive;
   * with false they are copied, and the chunk stays as it is.
   */
  readonly ownsChunks?: boolean;
}

export interface MessageDecoderConfig {
  readonly textAsBytes: boolean;
  readonly inPieces: boolean;
  readonly ownsChunks: boolean;
  readonly isValidated: boolean;
  readonly maxFragments: number;
  readonly maxMessageLength: number;
}

/** The config that was asked for last: a server asks for the same each time. */
let last: MessageDecoderConfig | undefined;

/** @throws RangeError, TypeError for options out of range */
export function decoderConfigFor(options: MessageDecoderOptions): MessageDecoderConfig {
  const { textAs = 'string', deliver = 'messages', ownsChunks = true, skipUtf8Validation = false } = options;
  const { maxFragments = Number.MAX_SAFE_INTEGER, maxMessageLength = DEFAULT_MAX_MESSAGE_LENGTH } = options;
  oneOf('string', 'bytes')('textAs', textAs);
  oneOf('messages', 'pieces')('deliver', deliver);
  trueOrFalse('ownsChunks', ownsChunks);
  trueOrFalse('skipUtf8Validation', skipUtf8Validation);
  atLeast(1)('maxFragments', maxFragments);
  const textAsBytes = textAs === 'bytes';
  const inPieces = deliver === 'pieces';
  const isValidated = !skipUtf8Validation;
  if (
    last?.textAsBytes !== textAsBytes ||
    last.inPieces !== inPieces ||
    last.ownsChunks !== ownsChunks ||
    last.isValidated !== isValidated ||
    last.maxFragments !== maxFragments ||
    last.maxMessageLength !== maxMessageLength
  ) {
    last = { textAsBytes, inPieces, ownsChunks, isValidated, maxFragments, maxMessageLength };
  }
  return last;
}
