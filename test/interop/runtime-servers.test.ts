// Our client against the servers that the runtimes bring: Deno.serve, Bun.serve, and a Worker in workerd. Plain and under TLS,
// and with permessage-deflate as far as each has it.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { PerMessageDeflate } from '../../src/deflate/index.js';
import { DEFLATE_KERNELS } from '../support/kernels/deflate-kernels.js';
import { describeWith } from '../support/programs/describe-with.js';
import { findRuntime, type RuntimeId } from '../support/programs/runtimes.js';
import { next } from '../support/servers/servers.js';
import { makeCertificate } from '../support/servers/tls.js';
import { type Abilities, offers, openAndEcho, tryServer } from './ours/client.js';
import { type PeerServer, startPeerServer } from './programs.js';
import { writeResult } from './results.js';

const certificate = makeCertificate();
const folder = mkdtempSync(join(tmpdir(), 'wsimd-servers-'));
const files = [join(folder, 'cert.pem'), join(folder, 'key.pem')] as const;
writeFileSync(files[0], certificate.cert);
writeFileSync(files[1], certificate.key);
afterAll(() => rmSync(folder, { recursive: true }));

const here = (name: string) => new URL(`peers/${name}`, import.meta.url).pathname;

interface Peer {
  readonly name: string;
  readonly id: RuntimeId;
  readonly abilities: Abilities;
  /** The ways in which its permessage-deflate can be set; the first is for the rest. */
  readonly deflates: readonly unknown[];
  start(program: string, isSecure: boolean, deflate: unknown): Promise<PeerServer>;
}

const BUN_SIZES = ['shared', 'dedicated', '3KB', '4KB', '8KB', '16KB', '32KB', '64KB', '128KB', '256KB'];

const PEERS: readonly Peer[] = [
  {
    name: 'Deno.serve',
    id: 'deno',
    abilities: { fragments: false, ping: false, lastClose: true, closeAnswer: 'the same' },
    deflates: [],
    start: (program, isSecure) =>
      startPeerServer(program, [
        ...['run', '--quiet', '--no-check', '--allow-net', '--allow-read', here('deno-server.mjs')],
        ...(isSecure ? files : []),
      ]),
  },
  {
    name: 'Bun.serve',
    id: 'bun',
    abilities: { fragments: false, ping: true, lastClose: true, closeAnswer: 'the same' },
    deflates: [
      ...[true, false],
      ...BUN_SIZES.map((compress) => ({ compress, decompress: 'shared' })),
      ...['disable', ...BUN_SIZES].map((decompress) => ({ compress: 'shared', decompress })),
    ],
    start: (program, isSecure, deflate) =>
      startPeerServer(program, [here('bun-server.mjs'), JSON.stringify(deflate ?? false), ...(isSecure ? files : [])]),
  },
  {
    name: 'workerd',
    id: 'workerd',
    abilities: { fragments: false, ping: false, lastClose: true, closeAnswer: 'the same' },
    deflates: [true],
    start: startWorkerd,
  },
];

/** Its configuration is a file of its own. */
function startWorkerd(program: string, isSecure: boolean, deflate: unknown): Promise<PeerServer> {
  const name = `workerd-${isSecure}-${deflate !== undefined}.capnp`;
  const keypair = '(privateKey = embed "key.pem", certificateChain = embed "cert.pem")';
  const socket = isSecure ? `https = (tlsOptions = (keypair = ${keypair}))` : 'http = ()';
  const flags = deflate === undefined ? '"no_web_socket_compression"' : '';
  writeFileSync(
    join(folder, name),
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [(name = "main", worker = (
        modules = [(name = "server", esModule = embed "workerd-server.mjs")],
        compatibilityDate = "2025-01-01", compatibilityFlags = [${flags}]))],
      sockets = [(name = "main", address = "127.0.0.1:0", service = "main", ${socket})]);`,
  );
  copyFileSync(here('workerd-server.mjs'), join(folder, 'workerd-server.mjs'));
  return startPeerServer(program, ['serve', '--control-fd=1', join(folder, name)]);
}

for (const { name, id, abilities, deflates, start } of PEERS) {
  const program = findRuntime(id);
  describeWith(name, program !== undefined, () => {
    let agreements = 0;
    let passed = 0;
    afterAll(() => {
      const tried = ['ping', ...(abilities.ping ? ['pong'] : []), 'fragments from us', 'close by either'];
      const [line = ''] = spawnSync(program!, ['--version'], { encoding: 'utf8' }).stdout.split('\n');
      const version = /\d[\d.-]*/.exec(line)![0];
      const result = { peer: name, version, schemes: ['ws', 'wss'], tried, agreements } as const;
      if (passed === 4) writeResult({ ...result, role: 'server' });
    });

    test.each(['ws', 'wss'])('our client, over %s:', async (scheme) => {
      const server = await start(program!, scheme === 'wss', undefined);
      try {
        await tryServer(`${scheme}://127.0.0.1:${server.port}/`, { ca: certificate.cert }, abilities);
      } finally {
        server.stop();
      }
      passed++;
    });

    test.each(DEFLATE_KERNELS)(
      'our client with permessage-deflate, %s kernel',
      { timeout: 300_000 },
      async (kernel) => {
        const wishes = [...offers()].map((wish) => new PerMessageDeflate({ kernel, ...wish }));
        const agreed = new Set<string>();
        for (const setting of deflates.length === 0 ? [undefined] : deflates) {
          const server = await start(program!, false, setting);
          try {
            // The first setting meets every offer; the others meet four.
            const step = setting === deflates[0] ? 1 : 9;
            for (let i = 0; i < wishes.length; i += step) {
              const options = { kernel, perMessageDeflate: wishes[i]! };
              const webSocket = await openAndEcho(`ws://127.0.0.1:${server.port}/`, options, 50_000);
              if (webSocket.extensions !== '') agreed.add(webSocket.extensions);
              const closed = next(webSocket, 'close');
              webSocket.close(1000);
              await closed;
              expect(wishes[i]!.poolUse.contexts).toBe(0);
            }
          } finally {
            server.stop();
          }
        }
        expect(agreed.size > 0).toBe(deflates.length > 0);
        agreements = agreed.size;
        passed++;
      },
    );
  });
}
