// The clients that have the web's `WebSocket` against our server: Chromium, Firefox, WebKitGTK; Node, Deno, Bun. Plain and
// under TLS, and with every answer of permessage-deflate that our server can give to what they offer.

import { type ExecFileOptions, execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { type BrowserName, hasBrowser, launchBrowser, type TestBrowser } from '../../support/programs/browsers.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime, type RuntimeId } from '../../support/programs/runtimes.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { ALL_RIGHT, answers, expectedAnswer, expectSameParameters, MIB } from '../ours/expectations.js';
import { startOurServer } from '../ours/server.js';
import { type Plan, type Tried, tryWebSocket } from '../peers/web-client.js';
import { writeResult } from '../results.js';

const certificate = makeCertificate();
const folder = mkdtempSync(join(tmpdir(), 'wsimd-web-clients-'));
const certificatePath = join(folder, 'cert.pem');
writeFileSync(certificatePath, certificate.cert);
afterAll(() => rmSync(folder, { recursive: true }));

interface Client {
  readonly version: string;
  /** @param pageUrl a page of the server's origin */
  tryAll(plans: readonly Plan[], pageUrl: string): Promise<Tried[]>;
  close(): Promise<void>;
}

function suite(peer: string, start: () => Promise<Client>): void {
  let client: Client;
  let agreements = 0;
  let passed = 0;
  beforeAll(async () => {
    client = await start();
  }, 60_000);
  afterAll(async () => {
    const tried = ['ping', 'fragments from us', 'close by either'];
    if (passed === 3) {
      const { version } = client;
      writeResult({ peer, version, role: 'client', schemes: ['ws', 'wss'], tried, agreements });
    }
    await client?.close();
  });

  test.each(['ws', 'wss'])('over %s:', async (scheme) => {
    const server = await startOurServer([{}], scheme === 'wss' ? { certificate } : {});
    const tried = await client.tryAll([{ url: server.url(), length: MIB }], server.pageUrl);
    expect(tried).toEqual([ALL_RIGHT]);
    const seen = await server.take();
    // The answer to a Close frame need not repeat its reason: Node's client does not.
    expect(seen[0]!.close).toEqual(ALL_RIGHT.closes[0]!.slice(0, 2));
    expect(seen[1]!.close![0]).toBe(ALL_RIGHT.closes[1]![0]);
    expect(seen.map(({ agreed }) => agreed)).toEqual(['', '']);
    await server.stop();
    passed++;
  });

  test('with permessage-deflate, every answer to its offer, if it makes one', { timeout: 300_000 }, async () => {
    const kernels = peer === 'Chromium' ? DEFLATE_KERNELS : [];
    const wishes = [...answers(), { poolLength: 0, threshold: 0 }];
    // Each answer on either kernel for Chromium, on one of them in turn for the others.
    const options = wishes.flatMap((wish, i) =>
      (kernels.length > 0 ? kernels : [DEFLATE_KERNELS[i % 2]!]).map((kernel) => ({ kernel, ...wish })),
    );
    const deflates = options.map((wish) => new PerMessageDeflate(wish));
    const server = await startOurServer(
      deflates.map((perMessageDeflate, i) => ({ perMessageDeflate, kernel: options[i]!.kernel })),
    );
    const plans = options.map((_, i) => ({ url: server.url(i), length: i % 8 === 0 ? 200_000 : 50_000 }));
    const tried = await client.tryAll(plans, server.pageUrl);
    expect(tried).toEqual(plans.map(() => ALL_RIGHT));
    const seen = await server.take();
    expect(seen.length).toBe(2 * plans.length);
    const hasOffered = seen[0]!.offered !== '';
    for (const { variant, offered, agreed } of seen) {
      const wish = options[variant]!;
      const without = { ...wish, deflateTakeover: false, inflateTakeover: false };
      if (offered === '') expect(agreed).toBe('');
      else expectSameParameters(agreed, expectedAnswer(offered, 'poolLength' in wish ? without : wish));
    }
    expect(deflates.map(({ poolUse }) => poolUse.contexts)).toEqual(deflates.map(() => 0));
    for (const [i, { kernelName }] of deflates.entries())
      expect(kernelName).toBe(hasOffered ? options[i]!.kernel : undefined);
    agreements = new Set(seen.map(({ agreed }) => agreed).filter((agreed) => agreed !== '')).size;
    await server.stop();
    passed++;
  });
}

async function startBrowser(name: BrowserName): Promise<Client> {
  const browser: TestBrowser = await launchBrowser(name);
  return {
    version: browser.version,
    tryAll: async (plans, pageUrl) => {
      await browser.open(pageUrl);
      const tried: Tried[] = [];
      for (const plan of plans) tried.push(await browser.evaluate(tryWebSocket, plan));
      return tried;
    },
    close: () => browser.close(),
  };
}

/** @param args before the program's path */
async function startRuntime(program: string, ...args: readonly string[]): Promise<Client> {
  const file = new URL('../peers/web-client.ts', import.meta.url).pathname;
  return {
    version: execFileSync(program, ['--version'], { encoding: 'utf8' })
      .split('\n')[0]!
      .replace(/^v|^\w+ | \(.*/g, ''),
    tryAll: async (plans) => {
      const env = { ...process.env, WSIMD_TRY: JSON.stringify(plans), NODE_EXTRA_CA_CERTS: certificatePath };
      const options: ExecFileOptions = { env, maxBuffer: MIB };
      const { stdout } = await promisify(execFile)(program, [...args, file], options);
      return JSON.parse(String(stdout)) as Tried[];
    },
    close: async () => {},
  };
}

const BROWSER_NAMES: readonly [string, BrowserName][] = [
  ['Chromium', 'chromium'],
  ['Firefox ESR', 'firefox'],
  ['WebKitGTK', 'webkit'],
];
for (const [peer, name] of BROWSER_NAMES) {
  describeWith(peer, hasBrowser(name), () => suite(peer, () => startBrowser(name)));
}

/** It takes no certificate that is its own authority. */
const IGNORE_ERRORS = '--unsafely-ignore-certificate-errors=127.0.0.1';
const RUNTIMES: readonly [string, RuntimeId, readonly string[]][] = [
  ['Node 22’s WebSocket', 'node-22', ['--no-warnings']],
  ['Node 24’s WebSocket', 'node-24', []],
  ['Node 26’s WebSocket', 'node-26', []],
  ['Deno’s WebSocket', 'deno', ['run', '--quiet', '--no-check', '--allow-net', '--allow-env', IGNORE_ERRORS]],
  ['Bun’s WebSocket', 'bun', []],
];
for (const [peer, id, args] of RUNTIMES) {
  const program = findRuntime(id);
  describeWith(peer, program !== undefined, () => suite(peer, () => startRuntime(program!, ...args)));
}
