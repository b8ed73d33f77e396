// What newer versions of Node have for programs: `shouldUpgradeCallback` of an HTTP server, and the permission model.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { describeWith } from '../support/programs/describe-with.js';
import { findRuntime } from '../support/programs/runtimes.js';

const execute = promisify(execFile);
const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** Runs one of the programs in programs/. @returns what it prints as JSON */
async function run(node: string, flags: readonly string[], program: string): Promise<unknown> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await execute(node, [...flags, path], { cwd: REPOSITORY, timeout: 60_000 });
  return JSON.parse(stdout);
}

describe.each([
  ['node-24', []],
  ['node-26', ['--allow-net']],
] as const)('on %s', (id, allowNet) => {
  const node = findRuntime(id);
  describeWith(id, node !== undefined, () => {
    test('shouldUpgradeCallback decides which requests come here; others are answered as requests', async () => {
      expect(await run(node!, [], 'programs/should-upgrade.mjs')).toEqual({
        message: 'welcome',
        page: '200 a page',
        elsewhere: 'Unexpected server response: 200',
        lost: 'Unexpected server response: 400',
        asked: ['/chat', '/page', '/page', '/lost'],
      });
    });

    test.each(['*', REPOSITORY])('a server and a client need no permission but to read files of %s', async (path) => {
      const flags = ['--permission', `--allow-fs-read=${path}`, ...allowNet];
      const expected = { count: 1000, closeCode: 1000, kernel: 'wasm', permission: true };
      expect(await run(node!, flags, 'programs/echo-many.mjs')).toEqual(expected);
    });
  });
});
