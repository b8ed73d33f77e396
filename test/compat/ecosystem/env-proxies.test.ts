// Clients behind the proxies of the environment, by the agents of Node 24.5 and newer: docs/how-to/connect.md. An HTTP proxy gets the
// request of a `ws:` URL as it is, and a CONNECT for `wss:`.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';
import { makeCertificate } from '../../support/servers/tls.js';

const program = fileURLToPath(new URL('env-proxies.mjs', import.meta.url));

for (const id of ['node-24', 'node-26'] as const) {
  const node = findRuntime(id);
  describeWith(id, node !== undefined, () => {
    it('HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold for WebSockets too', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'wsimd-proxies-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const { key, cert } = makeCertificate();
      const files = [join(folder, 'key.pem'), join(folder, 'cert.pem')] as const;
      writeFileSync(files[0], key);
      writeFileSync(files[1], cert);
      const { stdout } = await promisify(execFile)(node!, [program, ...files], { timeout: 50_000 });
      expect(JSON.parse(stdout)).toEqual([
        ['plain', ['GET']],
        ['secure', ['CONNECT']],
        ['plain', []],
      ]);
    });
  });
}
