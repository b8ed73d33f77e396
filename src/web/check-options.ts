// The options of a WebSocket over streams, checked before the streams are taken: what throws leaves them to the caller.

import { requireKernelName } from '../kernel/select.js';
import {
  atLeast,
  callable,
  checkOptions,
  duration,
  type OptionCheck,
  trueOrFalse,
  valueThat,
  wholeNumber,
} from '../protocol/option-checks.js';
import type { WebSocketStreamOptions } from './web-socket-stream.js';

/**
 * Checks the options that clients and servers share, and those of a server that have one meaning only.
 *
 * @throws RangeError, TypeError, which name the option; ProtocolError `WSIMD_NO_KERNEL` for a kernel that is none
 */
export function checkStreamOptions(options: WebSocketStreamOptions): void {
  const length = wholeNumber(0, Number.MAX_SAFE_INTEGER);
  checkOptions(options, {
    maxFrameLength: length,
    maxMessageLength: length,
    skipUtf8Validation: trueOrFalse,
    autoPong: trueOrFalse,
    maxPendingPongs: atLeast(1),
    ownsChunks: trueOrFalse,
    highWaterMark: atLeast(0),
    handshakeTimeout: duration(0),
    closeTimeout: duration(0),
    perMessageDeflate: objectWith('offer', 'a PerMessageDeflate of wsimd/deflate'),
    signal: objectWith('addEventListener', 'an AbortSignal'),
    requireOrigin: trueOrFalse,
    secure: trueOrFalse,
    refuse: callable,
  });
  requireKernelName(options.kernel);
}

/** Null stands for none. */
function objectWith(method: string, expected: string): OptionCheck {
  return valueThat(expected, (value) => value === null || typeof Object(value)[method] === 'function');
}
