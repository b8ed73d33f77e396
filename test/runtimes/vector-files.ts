// Where the files of the vectors lie, for hosts that have files. Knows nothing of what is in them.

import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../../test/conformance/vectors/', import.meta.url);

/** Their texts, in the order of their names. */
export function readVectorFiles(): string[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
  return names.sort().map((name) => readFileSync(new URL(name, FOLDER), 'utf8'));
}
