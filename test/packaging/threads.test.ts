// `init` and `initDeflate`: one module compiled for many threads, and what they say to what is no module of ours. On the
// package as it is installed, in processes of their own.

import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage, type Project, WAS_GIVEN, wholeRoundTrip } from './installed.js';

let project: Project;
beforeAll(() => {
  project = installPackage();
}, 180_000);
afterAll(() => project?.dispose());

/** Runs a program in the project. Returns what it printed, as JSON. */
function run(name: string, text: string): Promise<unknown> {
  const file = project.write(name, text);
  const { WSIMD_KERNEL: _, NODE_OPTIONS: __, ...env } = process.env;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [file], { env, cwd: project.directory }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(JSON.parse(stdout));
    });
  });
}

/** Both modules, as a host that compiles them itself finds them; and a count of what is compiled afterwards. */
const COMPILE = `
  import { readFileSync } from 'node:fs';
  import { fileURLToPath } from 'node:url';
  const compile = (file) => WebAssembly.compile(readFileSync(fileURLToPath(import.meta.resolve(file))));
  const [kernel, deflate] = await Promise.all([compile('wsimd/kernel.wasm'), compile('wsimd/deflate.wasm')]);
`;
const COUNT = `
  let compiled = 0;
  const { Module } = WebAssembly;
  WebAssembly.Module = new Proxy(Module, {
    construct: (target, args) => { compiled++; return Reflect.construct(target, args); },
  });
  for (const name of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming']) {
    WebAssembly[name] = () => { throw new Error(name); };
  }
`;

describe('a module compiled once', () => {
  it('serves in every thread that it is posted to', async () => {
    project.write(
      'thread.mjs',
      `import { parentPort, workerData } from 'node:worker_threads';
      ${COUNT}
      const { init } = await import('wsimd');
      const { initDeflate } = await import('wsimd/deflate');
      const { roundTrip } = await import('./round-trip.mjs');
      init(workerData.kernel);
      initDeflate(workerData.deflate);
      const answer = roundTrip();
      parentPort.postMessage({ ...answer, compiled });`,
    );
    const answers = await run(
      'threads.mjs',
      `${COMPILE}
      import { Worker } from 'node:worker_threads';
      const answer = () => new Promise((resolve, reject) => {
        const worker = new Worker(new URL('thread.mjs', import.meta.url), { workerData: { kernel, deflate } });
        worker.once('message', resolve).once('error', reject);
      });
      console.log(JSON.stringify(await Promise.all([answer(), answer(), answer(), answer()])));`,
    );
    expect(answers).toEqual(Array(4).fill({ ...wholeRoundTrip('wasm', WAS_GIVEN), compiled: 0 }));
  });

  it('is not needed: each module is then compiled once, at its first use and not at import', async () => {
    const answer = await run(
      'counted.mjs',
      `${COUNT}
      const { FrameDecoder } = await import('wsimd');
      const { PerMessageDeflate } = await import('wsimd/deflate');
      await import('wsimd/web');
      await import('wsimd/node');
      const counts = [compiled];
      for (let i = 0; i < 2; i++) {
        new FrameDecoder({ role: 'server' });
        counts.push(compiled);
      }
      for (let i = 0; i < 2; i++) {
        const deflate = new PerMessageDeflate();
        deflate.forServer(deflate.answer(deflate.offer()));
        counts.push(compiled, deflate.kernelName);
      }
      console.log(JSON.stringify(counts));`,
    );
    expect(answer).toEqual([0, 1, 1, 2, 'wasm', 2, 'wasm']);
  });
});

describe('init, initDeflate', () => {
  /** Runs calls one after the other in one process. Returns what each said. */
  function tryAll(name: string, calls: readonly string[]): Promise<unknown> {
    const attempts = calls.map((call) => `attempt(() => { ${call} });`).join('\n');
    return run(
      name,
      `${COMPILE}
      import { FrameDecoder, init, ProtocolError, selectKernel } from 'wsimd';
      import { initDeflate, PerMessageDeflate } from 'wsimd/deflate';
      const answers = [];
      function attempt(call) {
        try {
          call();
          answers.push('taken');
        } catch (error) {
          answers.push(error instanceof ProtocolError ? error.code : error.name + ': ' + error.message);
        }
      }
      ${attempts}
      console.log(JSON.stringify(answers));`,
    );
  }

  const noModule = (file: string) =>
    `TypeError: what is given must be a WebAssembly.Module, compiled from wsimd/${file}`;

  it('take no other thing', async () => {
    const things = ['', 'null', '{}', "'kernel.wasm'", 'new Uint8Array(8)', 'WebAssembly.instantiate(kernel)'];
    const answers = await tryAll('others.mjs', [
      ...things.map((thing) => `init(${thing})`),
      ...things.map((thing) => `initDeflate(${thing})`),
    ]);
    expect(answers).toEqual([
      ...things.map(() => noModule('kernel.wasm')),
      ...things.map(() => noModule('deflate.wasm')),
    ]);
  });

  it('take no other module', async () => {
    const empty = 'new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))';
    const calls = [`init(${empty})`, 'init(deflate)', `initDeflate(${empty})`, 'initDeflate(kernel)'];
    const use = "if (selectKernel().reason.includes('init')) throw new Error('taken all the same')";
    expect(await tryAll('modules.mjs', [...calls, use])).toEqual([...calls.map(() => 'WSIMD_WRONG_MODULE'), 'taken']);
  });

  it('come before the first use, as often as one likes', async () => {
    const useDeflate = 'const d = new PerMessageDeflate(); d.forServer(d.answer(d.offer()))';
    expect(
      await tryAll('late.mjs', [
        'init(kernel)',
        'init(kernel)',
        "new FrameDecoder({ role: 'server', kernel: 'portable' })",
        'init(kernel)',
        "new FrameDecoder({ role: 'server' })",
        'init(kernel)',
        'initDeflate(deflate)',
        useDeflate,
        'initDeflate(deflate)',
        useDeflate,
      ]),
    ).toEqual([
      ...['taken', 'taken', 'taken', 'taken', 'taken', 'WSIMD_KERNEL_IN_USE'],
      ...['taken', 'taken', 'WSIMD_KERNEL_IN_USE', 'taken'],
    ]);
  });
});
