// A server with compression under a limit of the system on addresses (`ulimit -v`), as containers set one: the frame kernel's WebAssembly
// memory can be made, the second one, for compression, cannot. In processes of their own, which the limit is for.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const NODE = fileURLToPath(new URL('../../../../build/src/node/index.js', import.meta.url));
const DEFLATE = fileURLToPath(new URL('../../../../build/src/deflate/index.js', import.meta.url));
/**
 * Limits in KiB, of which one at least lets a Node make one WebAssembly memory, for which V8 sets some 10 GiB aside, and no two. (Where less is
 * left than the first takes, V8 of Node 24 and later sets nothing aside, and makes many.)
 */
const LIMITS = Array.from({ length: 17 }, (_, i) => (24 + i) * 500_000);

const COUNT = `
  let count = 0;
  const kept = [];
  try {
    for (; count < 3; count++) kept.push(new WebAssembly.Memory({ initial: 1 }));
  } catch {}
  console.log(count);
`;

const SERVE = `
  const { WebSocket, WebSocketServer } = await import(${JSON.stringify(NODE)});
  const { PerMessageDeflate } = await import(${JSON.stringify(DEFLATE)});
  const [deflate, ofClients] = [new PerMessageDeflate(), new PerMessageDeflate()];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: deflate });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  server.on('listening', () => {
    const client = new WebSocket('ws://127.0.0.1:' + server.address().port, { perMessageDeflate: ofClients });
    client.on('open', () => client.send('x'.repeat(1000)));
    client.on('message', (data) => {
      console.log(JSON.stringify([data.length, client.extensions !== '', deflate.kernelName, ofClients.kernelName]));
      process.exit();
    });
  });
`;

/** What a program says under a limit. */
function run(limit: number, program: string): Promise<string> {
  const { WSIMD_KERNEL: _, NODE_OPTIONS: __, NODE_V8_COVERAGE: ___, ...env } = process.env;
  const command = `ulimit -v ${limit}; exec "$0" --input-type=module -e "$1"`;
  return new Promise((resolve, reject) => {
    execFile(
      '/bin/sh',
      ['-c', command, process.execPath, program],
      { env, timeout: 60_000 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`${error.message}\n${stderr}`));
        else resolve(stdout.trim());
      },
    );
  });
}

test.runIf(process.platform === 'linux')(
  'the first client of a server with compression is served by the portable kernel',
  async () => {
    let limit: number | undefined;
    for (const candidate of LIMITS) {
      const count = await run(candidate, COUNT).catch(() => 'none: Node itself needs more');
      if (count === '1') limit = candidate;
    }
    // Without one this test would show nothing.
    expect(limit).toBeDefined();
    expect(JSON.parse(await run(limit!, SERVE))).toEqual([1000, true, 'portable', 'portable']);
  },
);
