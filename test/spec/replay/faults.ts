// Vectors of streams that break a rule, as the tests of the decoder's decisions make them: where the byte at fault stands, and
// how much must be there to know.

import type { ErrorCode } from '../../../src/protocol/errors.js';
import { bytesOf, hex, stream, type WireFrame, wire } from '../../support/frames/wire.js';
import { type ExpectedError, KERNEL_NAMES, replay, type Vector } from '../../support/oracles/replay.js';

export type Role = Vector['role'];
export const ROLES: readonly Role[] = ['server', 'client', 'observer'];
export const ENDS: readonly ('server' | 'client')[] = ['server', 'client'];

export interface Fault {
  readonly name: string;
  readonly role: Role;
  readonly options?: NonNullable<Vector['options']>;
  /** Good frames, and what they come to. */
  readonly before?: readonly WireFrame[];
  readonly events?: readonly string[];
  readonly frame: WireFrame;
  readonly code: ErrorCode;
  readonly closeCode?: number;
  /** The byte at fault, counted from the frame's first. */
  readonly at: number;
  /** How many bytes of the frame must be there to know. */
  readonly after: number;
}

export function faulty({ before = [], events = [], frame, code, closeCode = 1002, at, after, ...rest }: Fault): Vector {
  const start = stream(...before).length;
  const error: ExpectedError = { code, closeCode, offset: start + at, knownAfter: start + after };
  return { ...rest, frames: [...before, frame], events, error };
}

export function headerLength(frame: WireFrame): number {
  return wire({ ...frame, payload: '', claimed: frame.claimed ?? BigInt(bytesOf(frame.payload ?? '').length) }).length;
}

/** A fault that the first two bytes of a header show. */
export function faultyOpening(fault: Omit<Fault, 'after'>): Vector {
  return faulty({ ...fault, after: 2 });
}

/** A fault that the length shows, known once the header is whole. */
export function faultyLength(fault: Omit<Fault, 'after'>): Vector {
  return faulty({ ...fault, after: headerLength(fault.frame) });
}

export function binaryLine(payload: Uint8Array): string {
  return `binary ${hex(payload)}`;
}

export function filled(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 65 + ((i * 7) % 26));
}

export function replayAll(vectors: readonly Vector[]): void {
  for (const kernel of KERNEL_NAMES) for (const vector of vectors) replay(vector, kernel);
}
