// In what a run took place, told from the versions in it. It must not know where it is asked.

import type { RunResult } from './results.js';

export interface RuntimeName {
  /** For files and for finding the same one in another set of runs: `node-20`, `deno`. */
  readonly id: string;
  readonly title: string;
}

/** All but Node call themselves by name among the versions, and most name Node's too. */
const NAMES: readonly (readonly [key: string, title: string])[] = [
  ['bun', 'Bun'],
  ['deno', 'Deno'],
  ['chromium', 'Chromium'],
  ['edge', 'Edge'],
  ['chrome', 'Chrome'],
  ['firefox', 'Firefox'],
  ['webkitgtk', 'WebKitGTK'],
  ['webkit', 'WebKit'],
  ['safari', 'Safari'],
];

export function findRuntimeName(versions: RunResult['versions']): RuntimeName {
  const found = NAMES.find(([key]) => versions[key] !== undefined);
  if (found !== undefined) return { id: found[0], title: `${found[1]} ${shorten(versions[found[0]]!)}` };
  const { node = '?' } = versions;
  return { id: `node-${node.split('.')[0]}`, title: `Node ${node}` };
}

/** Browsers have four numbers, of which the first says enough. */
function shorten(version: string): string {
  const parts = version.split('.');
  return parts.length > 3 ? parts[0]! : version;
}
