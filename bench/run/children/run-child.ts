// Runs one of the programs of this folder in a Node process of its own, and takes its answer. It must not know what they do.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);
const TIME_LIMIT = 60_000;

/**
 * @param name of the program, as in `garbage.js`
 * @param job what it is to do: it finds it as JSON in its first argument
 * @param environment beside that of this process
 * @returns what it printed, as JSON
 * @throws Error if it does not end well within a minute
 */
export async function runChild(
  name: string,
  job: object,
  nodeFlags: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const args = [...nodeFlags, program, JSON.stringify(job)];
  const { stdout } = await execFileAsync(process.execPath, args, {
    timeout: TIME_LIMIT,
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout);
}

/** The job of a child. */
export function readJob(): unknown {
  return JSON.parse(process.argv[2] ?? 'null');
}
