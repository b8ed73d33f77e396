// Writes the generated part of docs/background/benchmarks.md, and its drawings, from the results that are kept.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRuns, writeText } from '../../run/files.js';
import { makeDrawings } from './drawings.js';
import { describeSpeed } from './table.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const DOCUMENT = 'docs/background/benchmarks.md';
const RESULTS = 'bench/results';
const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** @param root of the project @returns what was written, in words. @throws Error if there are no results, or no markers */
export function writeTables(root: string = ROOT): string {
  const runs = readRuns([join(root, RESULTS)]);
  if (runs.length === 0) throw new Error(`there are no results in ${RESULTS}`);
  const drawings = makeDrawings(runs);
  for (const { file, svg } of drawings) writeText(join(root, RESULTS, file), svg);
  // Relative to the document's folder.
  const images = drawings.map(({ file, alt }) => `![${alt}](../../${RESULTS}/${file})`);
  const path = join(root, DOCUMENT);
  const before = readFileSync(path, 'utf8');
  writeText(path, replaceBetween(before, [...images, describeSpeed(runs)].join('\n\n')));
  return `${DOCUMENT}, and in ${RESULTS}: ${drawings.map(({ file }) => file).join(', ')}`;
}

/** Puts the text between the markers, in place of what stands there. @throws Error if they are not both there once */
export function replaceBetween(document: string, text: string): string {
  const [head, rest, ...more] = document.split(BEGIN);
  const [, tail, ...others] = rest?.split(END) ?? [];
  if (tail === undefined || more.length + others.length > 0)
    throw new Error(`${DOCUMENT} must have ${BEGIN} and ${END} once each`);
  return `${head}${BEGIN}\n${text}\n${END}${tail}`;
}
