// What the conformance suite came to on every host: as JSON that is kept, and as the table of docs/reference/interop.md. Knows no host.

import type { HostReport } from './hosts.js';
import { SUITES, type SuiteName } from './replay-all.js';

export interface HostResult extends HostReport {
  readonly name: string;
  /** Of the run, e.g. `2026-11-21`. */
  readonly date: string;
}

/** By the host's id, in the order of the hosts. */
export type Results = Readonly<Record<string, HostResult>>;

const BEGIN = '<!-- conformance:begin -->';
const END = '<!-- conformance:end -->';

/**
 * @param vectors how many vectors each suite has
 * @throws Error if a host has left a vector out, has done other work than the others, or chose another kernel than the fast one
 */
export function checkResults(results: Results, vectors: Readonly<Record<SuiteName, number>>): void {
  for (const result of Object.values(results)) {
    const { name, chosen } = result;
    if (chosen !== 'wasm') throw new Error(`${name} chose the ${chosen} kernel`);
    for (const suite of SUITES) {
      const passed = result[suite].vectors;
      if (passed !== vectors[suite]) throw new Error(`${name}: ${passed} vectors of ${suite}, not ${vectors[suite]}`);
    }
  }
  for (const suite of SUITES) {
    const counts = Object.values(results).flatMap((result) =>
      Object.entries(result[suite].decoded).map(([kernel, count]) => ({ count, where: `${result.name}, ${kernel}` })),
    );
    if (new Set(counts.map(({ count }) => count)).size <= 1) continue;
    const each = counts.map(({ count, where }) => `${where}: ${count} streams`);
    throw new Error(`${suite} is not the same on all: ${each.join('; ')}`);
  }
}

/** The table, and what stands below it. */
export function describeResults(results: Results): string {
  const rows = Object.values(results).map((result) => {
    const { name, version, engine, rfc6455 } = result;
    const kernels = Object.keys(rfc6455.decoded).join(', ');
    const counts = SUITES.flatMap((suite) => {
      const { vectors, decoded } = result[suite];
      return [format(vectors), format(sumOf(Object.values(decoded)))];
    });
    return `| ${[name, version, engine, kernels, ...counts].join(' | ')} |`;
  });
  return [
    'One suite of vectors ([test/spec](https://github.com/wsimd/wsimd/blob/main/test/spec/README.md)), each replayed in every cut and taken in every way; those of',
    'RFC 7692 are compressed:',
    '',
    '| | version | engine | kernels | RFC 6455: vectors passed | streams decoded | RFC 7692: vectors passed | streams decoded |',
    '|---|---|---|---|---:|---:|---:|---:|',
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
