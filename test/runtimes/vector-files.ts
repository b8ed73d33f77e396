// Where the files of the vectors lie, for hosts that have files.

import { readdirSync, readFileSync } from 'node:fs';
import { splitVectors } from '../spec/replay/format.js';
import { SUITES, type SuiteName, type VectorFiles } from './replay-all.js';

/** Also where this file has been compiled into build/. */
const FOLDER = new URL(import.meta.url.replace(/(build\/)?test\/runtimes\/[^/]*$/, 'test/spec/'));

/** Their texts, in the order of their names. */
export function readVectorFiles(): VectorFiles {
  return { rfc6455: readFolder('vectors/'), rfc7692: readFolder('vectors-deflate/') };
}

/** How many vectors each suite has. */
export function countVectors(files: VectorFiles): Readonly<Record<SuiteName, number>> {
  const count = (suite: SuiteName) => files[suite].flatMap((text) => splitVectors(text)).length;
  return Object.fromEntries(SUITES.map((suite) => [suite, count(suite)])) as Record<SuiteName, number>;
}

function readFolder(name: string): string[] {
  const folder = new URL(name, FOLDER);
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  return names.sort().map((name) => readFileSync(new URL(name, folder), 'utf8'));
}
