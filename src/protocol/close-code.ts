// Which codes may stand in a Close frame, asked by a caller who may have given anything: a code to send.

import { isCloseCode as isCodeOfPeer } from '../../assembly/shared/header-rules.js';

/** 1000-1003, 1007-1014 and 3000-4999; the rest is reserved or never sent. */
export function isCloseCode(code: number): boolean {
  return Number.isInteger(code) && isCodeOfPeer(code);
}
