// `process.exit()` right behind what was sent: what `ws` has handed to the system by then, ours has too. `ws` is the oracle.

import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from '../../../../src/node/index.js';
import { record } from '../../../support/peers/implementations.js';
import { makeCertificate } from '../../../support/servers/tls.js';

const MODULES = {
  ws: pathToFileURL(join(dirname(createRequire(import.meta.url).resolve('ws/package.json')), 'wrapper.mjs')).href,
  wsimd: new URL('../../../../build/src/node/index.js', import.meta.url).href,
};

/** What a client sees of a server that does this, and exits, when it gets a message. */
async function seenAtExit(module: string, statements: string, isSecure: boolean): Promise<unknown[][]> {
  const { key, cert } = makeCertificate();
  const program = `
    import { createServer } from 'node:http';
    import { createServer as createSecureServer } from 'node:https';
    import { WebSocketServer } from ${JSON.stringify(module)};
    const httpServer = ${isSecure} ? createSecureServer(${JSON.stringify({ key, cert })}) : createServer();
    const server = new WebSocketServer({ server: httpServer });
    httpServer.listen(0, '127.0.0.1', () => process.send(httpServer.address().port));
    server.on('connection', (socket) => socket.on('message', () => { ${statements} }));
  `;
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-exit-'));
  writeFileSync(join(folder, 'program.mjs'), program);
  const child = fork(join(folder, 'program.mjs'));
  onTestFinished(() => {
    child.kill();
    rmSync(folder, { recursive: true });
  });
  const port = await new Promise<number>((resolve) => child.once('message', (value) => resolve(value as number)));
  const client = new WebSocket(`${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const seen = record(client, ['message', 'ping', 'close']);
  client.on('error', () => {});
  client.on('open', () => client.send('go'));
  await new Promise((resolve) => client.on('close', resolve));
  return seen.map((event) => event.map(String));
}

const PROGRAMS: [string, string][] = [
  ['send', "socket.send('last words'); process.exit();"],
  ['several kinds', "socket.send('text'); socket.ping('p'); socket.send(Buffer.alloc(20000, 7)); process.exit();"],
  ['close(1001)', "socket.send('last words'); socket.close(1001, 'gone'); process.exit();"],
  ['from a timer', "setTimeout(() => { socket.send('last words'); socket.close(1001); process.exit(); }, 5);"],
  ['behind an await', "void (async () => { await undefined; socket.send('last words'); process.exit(); })();"],
  ['to all', "for (const one of server.clients) one.close(1001, 'restart'); process.exit();"],
  [
    'an uncaught error',
    "process.once('uncaughtException', () => process.exit(1)); socket.send('last words'); throw new Error();",
  ],
];

test.each(
  PROGRAMS.flatMap(([what, statements]) => [false, true].map((isSecure) => [what, isSecure, statements] as const)),
)('%s, TLS %s', async (_what, isSecure, statements) => {
  const [ws, ours] = await Promise.all(
    [MODULES.ws, MODULES.wsimd].map((module) => seenAtExit(module, statements, isSecure)),
  );
  expect(ws!.length).toBeGreaterThan(0);
  // Of what `ws` writes through TLS in one tick, the system may get the first record only; ours is one record.
  const isNoClose = ([type]: unknown[]) => type !== 'close';
  if (isSecure) expect(ours!.filter(isNoClose)).toEqual(expect.arrayContaining(ws!.filter(isNoClose)));
  else expect(ours).toEqual(ws);
});
