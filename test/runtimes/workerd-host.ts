// The conformance suite in workerd: started with the compiled modules embedded, asked once, and ended.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { KernelName } from '../../src/index.js';
import { BUILD, listModules } from './compiled-modules.js';
import type { Replayed } from './replay-all.js';
import { readVectorFiles } from './vector-files.js';

const ENTRY = 'test/runtimes/in-worker.js';
/** Which a Worker imports as they are. */
const KERNEL_FILES = ['kernel.wasm', 'deflate.wasm'];
/** Beside the modules, since what is embedded is named from there. */
const CONFIG = fileURLToPath(new URL('conformance.capnp', BUILD));

/** @throws Error with what workerd or the suite says */
export async function replayInWorkerd(program: string, kernels: readonly KernelName[]): Promise<Replayed> {
  writeFileSync(CONFIG, makeConfig());
  const args = ['serve', CONFIG, '--socket-addr', 'http=127.0.0.1:0', '--control-fd=3'];
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  // It would first finish what it was asked.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  try {
    const query = new URLSearchParams(kernels.map((kernel) => ['kernel', kernel]));
    const url = `http://127.0.0.1:${await portOf(child)}/?${query}`;
    const answer = JSON.parse(await post(url, JSON.stringify(readVectorFiles()))) as Answer;
    if ('error' in answer) throw new Error(answer.error);
    return answer;
  } finally {
    process.removeListener('exit', end);
    end();
  }
}

type Answer = Replayed | { readonly error: string };

/** As `fetch`, but that it waits for the answer as long as it takes. */
async function post(url: string, body: string): Promise<string> {
  const sent = request(url, { method: 'POST' }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return text(response);
}

/** Its first module is the Worker. */
function makeConfig(): string {
  const modules = listModules().filter((path) => path !== ENTRY);
  const lines = [ENTRY, ...modules].map((path) => `    (name = "${path}", esModule = embed "${path}"),`);
  return [
    'using Workerd = import "/workerd/workerd.capnp";',
    'const config :Workerd.Config = (',
    '  services = [(name = "main", worker = .suite)],',
    '  sockets = [(name = "http", http = (), service = "main")],',
    ');',
    'const suite :Workerd.Worker = (',
    '  compatibilityDate = "2026-11-01",',
    '  modules = [',
    ...lines,
    ...KERNEL_FILES.map((path) => `    (name = "${path}", wasm = embed "${path}"),`),
    '  ],',
    ');',
    '',
  ].join('\n');
}

/** It says on its control descriptor which port it has taken. */
async function portOf(child: ChildProcess): Promise<number> {
  const control = child.stdio[3] as Readable;
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`workerd ended with ${code}`);
  });
  const said = once(control.setEncoding('utf8'), 'data').then(([text]) => JSON.parse(text) as { port: number });
  const { port } = await Promise.race([said, ended]);
  ended.catch(() => {});
  return port;
}
