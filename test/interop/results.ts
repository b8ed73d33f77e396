// What the interop tests found, one file a peer and role in build/interop/: `write-table.mjs` makes the table of
// docs/reference/interop.md of them. It must not know any peer.

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Result {
  readonly peer: string;
  /** As the peer itself says. */
  readonly version: string;
  /** The peer's; ours is the other one. */
  readonly role: 'client' | 'server';
  readonly schemes: readonly ('ws' | 'wss')[];
  /** What was tried beside messages of all kinds, in words. */
  readonly tried: readonly string[];
  /** How many different answers of permessage-deflate were agreed on; undefined: another test says so. */
  readonly agreements?: number;
}

const FOLDER = fileURLToPath(new URL('../../build/interop/', import.meta.url));

export function writeResult(result: Result): void {
  write(result.peer, result.role, result);
}

/** The same of a test that only tries permessage-deflate. */
export function writeAgreements(peer: string, role: 'client' | 'server', agreements: number): void {
  write(peer, role, { peer, role, agreements }, '-deflate');
}

function write(peer: string, role: string, result: object, suffix = ''): void {
  mkdirSync(FOLDER, { recursive: true });
  const name = `${peer}-${role}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  writeFileSync(`${FOLDER}${name}${suffix}.json`, `${JSON.stringify(result, undefined, 2)}\n`);
}
