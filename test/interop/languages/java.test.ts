// Java's java.net.http as a client of our server, over ws: and wss:. It has no permessage-deflate, and no server.

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { ALL_RIGHT, FRAGMENTS } from '../ours/expectations.js';
import { startOurServer } from '../ours/server.js';
import { writeResult } from '../results.js';

const SOURCE = new URL('../peers/Client.java', import.meta.url).pathname;
const version = /version "([^"]+)"/.exec(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr ?? '')?.[1];

describeWith('java.net.http', version !== undefined && spawnSync('javac', ['-version']).status === 0, () => {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-java-'));
  const certificate = makeCertificate();
  const certificatePath = join(folder, 'cert.pem');
  writeFileSync(certificatePath, certificate.cert);
  // Compiled once: that takes longer than all the rest.
  beforeAll(() => {
    execFileSync('javac', ['-encoding', 'UTF-8', '-d', folder, SOURCE]);
  }, 120_000);
  const passed = new Set<string>();
  afterAll(() => {
    rmSync(folder, { recursive: true });
    const tried = ['ping', 'pong', 'fragments both ways', 'close by either'];
    const result = { peer: 'java.net.http', version: version!, schemes: ['ws', 'wss'], tried, agreements: 0 } as const;
    if (passed.size === 2) writeResult({ ...result, role: 'client' });
  });

  test.each(['ws', 'wss'])('against our server over %s:', { timeout: 120_000 }, async (scheme) => {
    const server = await startOurServer([{ perMessageDeflate: true }], scheme === 'wss' ? { certificate } : {});
    const args = ['-cp', folder, 'Client', server.url(), ...(scheme === 'wss' ? [certificatePath] : [])];
    const { stdout } = await promisify(execFile)('java', args);
    const closes = ALL_RIGHT.closes.map(([closeCode, reason]) => [closeCode, reason]);
    expect(JSON.parse(stdout)).toEqual([{ ...ALL_RIGHT, sentFragments: FRAGMENTS, closes }]);
    const seen = await server.take();
    expect(seen.map(({ agreed }) => agreed)).toEqual(['', '']);
    expect(seen.map(({ close }) => close)).toEqual([closes[0], [closes[1]![0], '']]);
    await server.stop();
    passed.add(scheme);
  });
});
