// Cases as lines of text, so that what the fuzzer has found once is tried in every run.

import type { FuzzCase } from './frames/generate.js';

/** One line; `note` says what was wrong. */
export function formatCase({ role, options, cuts, bytes }: FuzzCase, note: string): string {
  return JSON.stringify({ note, role, options, cuts, bytes: Buffer.from(bytes).toString('hex') });
}

export function parseCase(line: string): FuzzCase & { readonly note: string } {
  const { bytes, ...rest } = JSON.parse(line) as Omit<FuzzCase, 'bytes'> & { bytes: string; note: string };
  return { ...rest, bytes: Uint8Array.from(Buffer.from(bytes, 'hex')) };
}
