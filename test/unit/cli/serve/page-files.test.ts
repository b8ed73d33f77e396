// src/cli/serve/page-files.ts in the tests' own process: a build without a page, and one that is removed while it is served.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createPageHandler } from '../../../../src/cli/serve/page-files.js';

function makeBuild(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['assembly', 'src/page']) mkdirSync(join(folder, name), { recursive: true });
  return folder;
}

test('a build without a page: what to do about it', () => {
  expect(() => createPageHandler(pathToFileURL(`${makeBuild()}/`))).toThrow('the page is missing: run "npm run build"');
});

test('a page that is removed while it is served: 500, and the server goes on', async () => {
  const folder = makeBuild();
  const file = join(folder, 'src/page/index.html');
  writeFileSync(file, '<!doctype html>');
  const server = createServer(createPageHandler(pathToFileURL(`${folder}/`)));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const get = async () => {
    const response = await fetch(url, { headers: { Connection: 'close' } });
    return [response.status, await response.text()];
  };
  expect(await get()).toEqual([200, '<!doctype html>']);
  rmSync(file);
  expect(await get()).toEqual([500, 'The file cannot be read; has the build been removed?\n']);
  writeFileSync(file, 'again');
  expect(await get()).toEqual([200, 'again']);
});
