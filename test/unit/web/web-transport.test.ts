// wsimd/web over the streams of WebTransport (HTTP/3): the server is Deno's, the client Deno's and that of the browsers which
// have one. Each certificate is made here, of the kind that is trusted by its hash: P-256, valid for less than 14 days.

import { execFile, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { hasBrowser, launchBrowser } from '../../support/programs/browsers.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';
import { servePage } from '../../support/servers/page-server.js';
import { makeCertificate } from '../../support/servers/tls.js';

/** Of a test, in milliseconds: a browser begins, and 32 MiB go through it. */
const LIMIT = 180_000;

const deno = findRuntime('deno');
const DENO_FLAGS = ['run', '--quiet', '--no-prompt', '--unstable-net', '--allow-read', '--allow-net=127.0.0.1'];
const [SERVER, CLIENT] = ['web-transport-server.mjs', 'web-transport-client.mjs'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
) as [string, string];

/** What the client is told: the session's address, and the SHA-256 of the server's certificate. */
interface Target {
  readonly url: string;
  readonly hash: readonly number[];
}

/** @returns also what the server says of each WebSocket when it is over */
async function startServer(): Promise<Target & { readonly ended: string[] }> {
  const { key, cert } = makeCertificate();
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-transport-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = [join(folder, 'cert.pem'), join(folder, 'key.pem')] as const;
  writeFileSync(files[0], cert);
  writeFileSync(files[1], key);
  const child = spawn(deno!, [...DENO_FLAGS, SERVER, ...files], { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => child.kill();
  process.once('exit', end);
  onTestFinished(() => {
    process.removeListener('exit', end);
    end();
  });
  const lines = createInterface(child.stdout);
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`Deno ended with ${code}`)));
  const [port] = (await Promise.race([once(lines, 'line'), failed])) as [string];
  failed.catch(() => {});
  const ended: string[] = [];
  lines.on('line', (line) => ended.push(line));
  const hash = [...createHash('sha256').update(new X509Certificate(cert).raw).digest()];
  return { url: `https://127.0.0.1:${port}/`, hash, ended };
}

/** The client as it is, in the page's scope. */
const PAGE = `<!doctype html><title>transport</title><script type="module">
import { converse } from '/test/unit/web/web-transport-client.mjs';
globalThis.converse = converse;
</script>`;
const MODULE = /^\/(build\/(src|assembly)\/[\w/-]+\.js|test\/unit\/web\/web-transport-client\.mjs)$/;
const ROOT = new URL('../../../', import.meta.url);

/** Runs in the page. */
async function converse(target: Target): Promise<unknown> {
  const scope = globalThis as { converse?: (target: Target) => Promise<unknown> };
  // A driver may come here before the page's script has run.
  while (scope.converse === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  return scope.converse(target);
}

const bye = { done: true, closeCode: 4000, reason: 'bye' };
const echoed = { protocol: 'test', same: [true, true, true, true, true] };
const sentAll = { waits: true, received: 16 * 1024 * 1024 };
const OUTCOME = {
  plain: { ...echoed, extensions: '' },
  compressed: { ...echoed, extensions: expect.stringMatching(/^permessage-deflate/) },
  closing: null,
  sending: sentAll,
  receiving: sentAll,
  closed: {
    plain: bye,
    compressed: bye,
    slow: bye,
    flood: bye,
    control: bye,
    closing: { done: true, closeCode: 4001, reason: 'enough' },
  },
  lost: 'WSIMD_CONNECTION_LOST',
};
/** As the server has seen it. */
const ENDED = [
  ...['/control', '/echo', '/echo', '/flood', '/slow'].map((path) => ({ path, closeCode: 4000, reason: 'bye' })),
  { path: '/close', closeCode: 4001, reason: 'enough' },
  { path: '/echo', code: 'WSIMD_CONNECTION_LOST' },
];

async function check(outcome: unknown, ended: readonly string[]): Promise<void> {
  expect(outcome).toEqual(OUTCOME);
  // Deno hears of Chromium's end 50 seconds later.
  await expect.poll(() => ended.length, { timeout: 120_000 }).toBe(ENDED.length);
  // Whichever was first.
  const sorted = (outcomes: readonly unknown[]) => outcomes.map((outcome) => JSON.stringify(outcome)).sort();
  expect(sorted(ended.map((line) => JSON.parse(line)))).toEqual(sorted(ENDED));
}

describeWith('a WebTransport server of Deno', deno !== undefined, () => {
  test(
    'and a client in Deno',
    async () => {
      const { url, hash, ended } = await startServer();
      const running = promisify(execFile)(deno!, [...DENO_FLAGS, CLIENT, url, JSON.stringify(hash)]);
      onTestFinished(() => void running.child.kill());
      await check(JSON.parse((await running).stdout), ended);
    },
    LIMIT,
  );

  for (const name of ['chromium', 'firefox'] as const) {
    describeWith(name, hasBrowser(name), () => {
      test(
        'and a client in a page',
        async () => {
          const { url, hash, ended } = await startServer();
          const page = await servePage(PAGE, MODULE, ROOT);
          const browser = await launchBrowser(name);
          onTestFinished(() => browser.close());
          await browser.open(page);
          await check(await browser.evaluate(converse, { url, hash }), ended);
        },
        LIMIT,
      );
    });
  }
});
