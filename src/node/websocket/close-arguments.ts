// The arguments of `close`, checked as `ws` checks them.

import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { MAX_CLOSE_REASON } from '../../../assembly/shared/protocol.js';
import { isCloseCode } from '../../protocol/close-code.js';
import { toBuffer } from './sendable.js';
import { callerError } from './ws-errors.js';

/**
 * The reason of a Close frame as text; empty without a code.
 *
 * @throws TypeError for a code that may not be sent, or a reason that is no text; RangeError for one that is too long
 */
export function checkCloseArguments(closeCode: number | undefined, reason: unknown): string {
  if (closeCode === undefined) return '';
  if (!isCloseCode(closeCode)) throw callerError(TypeError, 'WSIMD_INVALID_CLOSE_CODE', String(closeCode));
  const text = toReason(reason);
  const length = Buffer.byteLength(text);
  if (length > MAX_CLOSE_REASON) throw callerError(RangeError, 'WSIMD_INVALID_REASON', `${length} bytes`);
  return text;
}

/** What has no length is no reason, as with `ws`: an Error, a number. @throws TypeError for what else is no text */
function toReason(reason: unknown): string {
  if (typeof reason === 'string') return reason;
  if (types.isUint8Array(reason)) return toBuffer(reason).toString();
  if (reason !== null && !(reason as { length?: unknown }).length) return '';
  throw callerError(TypeError, 'WSIMD_INVALID_REASON', 'neither a string nor a Uint8Array');
}
