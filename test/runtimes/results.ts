// What the conformance suite came to on every host: as JSON that is kept, and as the README's table. Knows no host.

import type { HostReport } from './hosts.js';

export interface HostResult extends HostReport {
  readonly name: string;
  /** Of the run, e.g. `2026-11-21`. */
  readonly date: string;
}

/** By the host's id, in the order of the hosts. */
export type Results = Readonly<Record<string, HostResult>>;

const BEGIN = '<!-- conformance:begin -->';
const END = '<!-- conformance:end -->';

/** @throws Error if one host has done other work than the others, or chose another kernel than the fast one */
export function checkAlike(results: Results): void {
  const counts = new Map<string, string>();
  for (const { name, vectors, decoded, chosen } of Object.values(results)) {
    if (chosen !== 'wasm') throw new Error(`${name} chose the ${chosen} kernel`);
    for (const [kernel, count] of Object.entries(decoded)) {
      counts.set(`${name}, ${kernel}`, `${vectors} vectors, ${count} streams`);
    }
  }
  if (new Set(counts.values()).size === 1) return;
  throw new Error(`not the same on all: ${[...counts].map((entry) => entry.join(': ')).join('; ')}`);
}

/** The table, and what stands below it. */
export function describeResults(results: Results): string {
  const rows = Object.values(results).map(({ name, version, engine, decoded, vectors }) => {
    const kernels = Object.keys(decoded).join(', ');
    return `| ${name} | ${version} | ${engine} | ${kernels} | ${format(vectors)} | ${format(sumOf(Object.values(decoded)))} |`;
  });
  return [
    'One suite of vectors ([test/conformance](test/conformance/README.md)), each replayed in every cut and taken in every way:',
    '',
    '| | version | engine | kernels | vectors passed | streams decoded |',
    '|---|---|---|---|---:|---:|',
    ...rows,
    '',
    'Written by the runs themselves; no vector is skipped on any, and `.ci/run` runs all of them.',
  ].join('\n');
}

/** The document with the table between its markers. @throws Error if they are not both there once */
export function replaceTable(document: string, results: Results): string {
  const [head, rest, ...more] = document.split(BEGIN);
  const [, tail, ...others] = rest?.split(END) ?? [];
  if (tail === undefined || more.length + others.length > 0) throw new Error(`need ${BEGIN} and ${END} once each`);
  return `${head}${BEGIN}\n${describeResults(results)}\n${END}${tail}`;
}

/** What stands between the markers. */
export function readTable(document: string): string {
  return document.split(BEGIN)[1]?.split(END)[0]?.trim() ?? '';
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function format(number: number): string {
  return number.toLocaleString('en');
}
