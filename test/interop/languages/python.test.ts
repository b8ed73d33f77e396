// The WebSocket libraries of Python (Debian's), each as client and as server, over ws: and wss:. Their permessage-deflate in
// every combination is in python-deflate.test.ts.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { tryServer } from '../ours/client.js';
import { ALL_RIGHT, FRAGMENTS, MIB } from '../ours/expectations.js';
import { startOurServer } from '../ours/server.js';
import { writeResult } from '../results.js';
import { PYTHON_PEERS, pythonVersion, runPythonClient, startPythonServer } from './python.js';

const certificate = makeCertificate();
const folder = mkdtempSync(join(tmpdir(), 'wsimd-python-'));
const files = [join(folder, 'cert.pem'), join(folder, 'key.pem')] as const;
writeFileSync(files[0], certificate.cert);
writeFileSync(files[1], certificate.key);
afterAll(() => rmSync(folder, { recursive: true }));

/** Which of them can send fragments. */
const FRAGMENTING = ['websockets', 'autobahn'];
/** Which of them answer each Close frame with 1000, instead of the code that came. */
const ANSWERING_NORMALLY = ['aiohttp', 'autobahn'];
const closes = ALL_RIGHT.closes.map(([closeCode, reason]) => [closeCode, reason]);

for (const peer of PYTHON_PEERS) {
  const version = pythonVersion(peer);
  describeWith(`python3-${peer}`, version !== undefined, () => {
    const fragments = FRAGMENTING.includes(peer);
    const closeAnswer = ANSWERING_NORMALLY.includes(peer) ? 1000 : 'the same';
    const passed = { client: new Set<string>(), server: new Set<string>() };
    afterAll(() => {
      const tried = ['ping', 'pong', fragments ? 'fragments both ways' : 'fragments from us', 'close by either'];
      for (const role of ['client', 'server'] as const) {
        if (passed[role].size === 2) writeResult({ peer, version: version!, role, schemes: ['ws', 'wss'], tried });
      }
    });

    test.each(['ws', 'wss'])('its client against our server over %s:', async (scheme) => {
      const server = await startOurServer([{}], scheme === 'wss' ? { certificate } : {});
      const plan = { url: server.url(), length: MIB };
      expect(await runPythonClient(peer, [plan], scheme === 'wss' ? files[0] : undefined)).toEqual([
        { ...ALL_RIGHT, closes, ...(fragments ? { sentFragments: FRAGMENTS } : {}) },
      ]);
      const seen = await server.take();
      // The answer to a Close frame need not repeat its reason.
      expect(seen[0]!.close).toEqual(closes[0]);
      expect(seen[1]!.close![0]).toBe(closeAnswer === 1000 ? 1000 : closes[1]![0]);
      await server.stop();
      passed.client.add(scheme);
    });

    test.each(['ws', 'wss'])('our client against its server over %s:', async (scheme) => {
      const server = await startPythonServer(peer, scheme === 'wss' ? files : []);
      try {
        const url = `${scheme}://127.0.0.1:${server.port}/`;
        await tryServer(url, { ca: certificate.cert }, { fragments, ping: true, lastClose: true, closeAnswer });
        passed.server.add(scheme);
      } finally {
        server.stop();
      }
    });
  });
}
