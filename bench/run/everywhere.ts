// Runs the benchmark in one runtime after the other, each in a process of its own, and gathers what they write. It must not
// know the cases.

import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunResult } from '../core/results.js';
import { readRuns } from './files.js';
import type { Options } from './options.js';
import { findRuntime, isOwn, parseRuntimeList, type RuntimeId } from './runtimes.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** What came of it: the runs, and in words what did not come to one. */
export interface Gathered {
  readonly runs: readonly RunResult[];
  readonly absent: readonly string[];
}

/** @param path of the JSON file, or of a folder for one from each */
export async function runEverywhere(options: Options, list: string, path: string): Promise<Gathered> {
  const runs: RunResult[] = [];
  const absent: string[] = [];
  for (const id of parseRuntimeList(list)) {
    console.log(`\n===== ${id} =====\n`);
    try {
      const file = path.endsWith('.json') ? path : join(path, `${id}.json`);
      runs.push(await runIn(id, options, file));
    } catch (error) {
      const reason = `${id}: ${error instanceof Error ? error.message : String(error)}`;
      absent.push(reason);
      console.error(reason);
    }
  }
  return { runs, absent };
}

async function runIn(id: RuntimeId, options: Options, file: string): Promise<RunResult> {
  const { program, args } = findRuntime(id);
  const { words, subject = [], rounds } = options;
  // Six full runs would take most of an hour; what is quoted of the others are fewer figures.
  const pace = options.pace === 'full' && !isOwn(id) ? 'brief' : options.pace;
  const passedOn = [
    ...words,
    ...subject.flatMap((name) => ['--subject', name]),
    ...(pace === 'full' ? [] : [`--${pace}`]),
    ...(rounds === undefined ? [] : ['--rounds', rounds]),
  ];
  // What an earlier run left there is not to be taken for this one's.
  rmSync(file, { force: true });
  const child = spawn(program, [...args, MAIN, ...passedOn, '--json', file, '--no-report'], { stdio: 'inherit' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (!existsSync(file)) throw new Error(`${id} ended with ${code} and wrote nothing`);
  return readRuns([file])[0]!;
}
