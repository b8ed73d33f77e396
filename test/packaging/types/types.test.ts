// The package's types as its users' compilers read them: TypeScript with and without the DOM's types, and Deno, which finds
// those of a script that is imported by its path by what the script says; and jsr.json, which builds on that.

import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';
import { installPackage, type Project } from '../installed.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface PackageJson {
  readonly version: string;
  readonly license: string;
  readonly exports: Record<string, string | { readonly default: string }>;
}
const packageJson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageJson;
const jsr = JSON.parse(readFileSync(join(ROOT, 'jsr.json'), 'utf8')) as PackageJson & { readonly name: string };

let project: Project;
beforeAll(() => {
  project = installPackage();
}, 180_000);
afterAll(() => project?.dispose());

/** Runs a program in the project. Returns whether it went well, and all that it wrote. */
function run(
  program: string,
  args: readonly string[],
  cwd = project.directory,
): Promise<{ ok: boolean; output: string }> {
  const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: stdout + stderr });
    });
  });
}

/** What is right, and what must not pass for right. */
const program = (core: string, deflate: string) => `
  import { type CompiledModule, FrameDecoder, init, type MessageEvent, Connection } from '${core}';
  import { initDeflate, PerMessageDeflate } from '${deflate}';
  const decoder: FrameDecoder = new FrameDecoder({ role: 'server' });
  const events: MessageEvent[] = new Connection({ role: 'client' }).receive(new Uint8Array(0));
  const deflate = new PerMessageDeflate({ level: 'fastest' });
  export const connection = new Connection({ role: 'server' }, deflate.forServer([]));
  export const give = (module: CompiledModule): void => { init(module); initDeflate(module); };
  export const all = [decoder.opcode.toFixed(), events.length];
  // @ts-expect-error no such role
  new FrameDecoder({ role: 'peer' });
  // @ts-expect-error not a number
  export const wrong: number = decoder.push;
`;

/** The same for the handshake. */
const shakeHands = (core: string, handshake: string) => `
  import { type ErrorCode, ProtocolError } from '${core}';
  import { checkRequest, checkResponse, createRequest, type RequestHead, type ResponseHead } from '${handshake}';
  export function judge(requestHead: RequestHead, responseHead: ResponseHead): ErrorCode | undefined {
    const accepted = checkRequest(requestHead, { origin: ['https://example.com'] });
    const error: ProtocolError | undefined = accepted.ok ? undefined : accepted.error;
    return error?.code ?? (checkResponse(responseHead, createRequest({ url: new URL('ws://example.com') })).ok ? undefined : 'WSIMD_REFUSED');
  }
  // @ts-expect-error no such policy
  checkRequest({} as RequestHead, { origin: 'none' });
`;

/** All that the types of the handshake ask of a host; those of the core ask nothing. */
const HOST = 'declare class URL { constructor(url: string); readonly href: string }';

describe('tsc', () => {
  const options = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
    'false',
    '--target',
    'es2022',
  ];
  const tsc = (file: string, lib: string, ...more: string[]) =>
    run(join(ROOT, 'node_modules', '.bin', 'tsc'), [...options, '--lib', lib, '--types', '', ...more, file]);

  it.each(['nodenext', 'preserve'])('accepts them without the types of any host: module %s', async (module) => {
    const file = project.write(`plain-${module}.ts`, program('wsimd', 'wsimd/deflate'));
    expect(await tsc(file, 'es2022', '--module', module)).toEqual({ ok: true, output: '' });
  });

  it.each(['nodenext', 'preserve'])(
    'accepts those of the handshake where there is a URL: module %s',
    async (module) => {
      const file = project.write(`handshake-${module}.ts`, shakeHands('wsimd', 'wsimd/handshake'));
      const host = project.write('host.d.ts', HOST);
      expect(await tsc(file, 'es2022', '--module', module, host)).toEqual({ ok: true, output: '' });
    },
  );

  it('takes nothing but a module for one, where the types know what that is', async () => {
    const file = project.write(
      'dom.ts',
      `${program('wsimd', 'wsimd/deflate')}
      import { acceptWebSocket } from 'wsimd/web';
      export const accept: typeof acceptWebSocket = acceptWebSocket;
      export const listen = (streams: Parameters<typeof acceptWebSocket>[0]): void => {
        acceptWebSocket(streams, { onMessage: (message, socket) => socket.send(message) });
        acceptWebSocket(streams, {
          onMessage: async (message, socket) => {
            const { request } = await socket.opened;
            if (socket.isOpen) await socket.send(request.path + String(message.length), { compress: false });
          },
        });
        // @ts-expect-error a number is no message
        acceptWebSocket(streams, { onMessage: (_message, socket) => socket.send(1) });
      };
      export const giveModule = (module: WebAssembly.Module): void => init(module);
      // @ts-expect-error a name is no module (any object may be one: the DOM says nothing of what is in it)
      init('kernel.wasm');`,
    );
    expect(await tsc(file, 'es2022,dom', '--module', 'nodenext')).toEqual({ ok: true, output: '' });
  });

  it('reads the same types under the condition workerd', async () => {
    const file = project.write('workerd.ts', program('wsimd', 'wsimd/deflate'));
    const handshake = project.write('workerd-handshake.ts', shakeHands('wsimd', 'wsimd/handshake'));
    const more = ['--module', 'preserve', '--customConditions', 'workerd', handshake, project.write('host.d.ts', HOST)];
    expect(await tsc(file, 'es2022', ...more)).toEqual({ ok: true, output: '' });
  });
});

describe('jsr.json', () => {
  it('has the version and the license of package.json', () => {
    expect(jsr).toMatchObject({ version: packageJson.version, license: packageJson.license });
    expect(jsr.name).toMatch(/^@[a-z][a-z0-9-]{2,}\/[a-z][a-z0-9-]+$/);
  });

  it('exports the scripts that package.json does', () => {
    const scripts = Object.entries(packageJson.exports).flatMap(([entry, target]) =>
      typeof target === 'string' ? [] : [[entry, target.default]],
    );
    expect(jsr.exports).toEqual(Object.fromEntries(scripts));
  });

  it.each(Object.values(jsr.exports))('finds %s, which names its types', (path) => {
    const file = join(ROOT, path as string);
    const [, types] = /^\/\* @ts-self-types="\.\/(.+?)" \*\//.exec(readFileSync(file, 'utf8')) ?? [];
    expect(types).toBeDefined();
    expect(existsSync(join(file, '..', types!))).toBe(true);
  });
});

const deno = findRuntime('deno');
describeWith('deno', deno !== undefined, () => {
  const OFFLINE = ['--no-remote', '--no-lock'];

  it('checks and runs a program that imports the package by path', async () => {
    // Not below node_modules, where Deno takes scripts for those of Node.
    cpSync(join(project.directory, 'node_modules', 'wsimd', 'build'), join(project.directory, 'vendor'), {
      recursive: true,
    });
    const built = './vendor/src';
    const files = [
      project.write('by-path.ts', program(`${built}/index.js`, `${built}/deflate/index.js`)),
      project.write('handshake-by-path.ts', shakeHands(`${built}/index.js`, `${built}/handshake/index.js`)),
    ];
    expect(await run(deno!, ['check', ...OFFLINE, ...files])).toMatchObject({ ok: true });
    const main = project.write(
      'main.ts',
      "import { roundTrip } from './by-path.mjs'; console.log(roundTrip().kernel);",
    );
    const relative = readFileSync(join(project.directory, 'round-trip.mjs'), 'utf8')
      .replace("'wsimd'", `'${built}/index.js'`)
      .replace("'wsimd/deflate'", `'${built}/deflate/index.js'`)
      .replace("'wsimd/handshake'", `'${built}/handshake/index.js'`)
      .replace("'wsimd/testing'", `'${built}/testing/index.js'`)
      .replace("'wsimd/web'", `'${built}/web/index.js'`);
    project.write('by-path.mjs', relative);
    expect(await run(deno!, ['run', ...OFFLINE, '--no-check', main])).toEqual({ ok: true, output: 'wasm\n' });
  });

  it('checks and runs a program that imports the package by name', async () => {
    const files = [
      project.write('by-name.ts', program('wsimd', 'wsimd/deflate')),
      project.write('handshake-by-name.ts', shakeHands('wsimd', 'wsimd/handshake')),
    ];
    expect(await run(deno!, ['check', ...OFFLINE, ...files])).toMatchObject({ ok: true });
    const main = project.write(
      'named.mjs',
      "import { roundTrip } from './round-trip.mjs'; console.log(roundTrip().kernel);",
    );
    expect(await run(deno!, ['run', ...OFFLINE, main])).toEqual({ ok: true, output: 'wasm\n' });
  });

  it('passes jsr.json for a package that may be published', async () => {
    const directory = join(project.directory, 'jsr');
    for (const name of ['build', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
      cpSync(join(project.directory, 'node_modules', 'wsimd', name), join(directory, name), { recursive: true });
    }
    for (const name of ['jsr.json', '.gitignore']) cpSync(join(ROOT, name), join(directory, name));
    // With "slow types": Deno 2.9 loses exports of declaration files when it extracts the public ones.
    const args = ['publish', '--dry-run', '--allow-slow-types', '--allow-dirty'];
    const { ok, output } = await run(deno!, args, directory);
    expect(output).toContain('Dry run complete');
    expect(ok).toBe(true);
    for (const path of Object.values(jsr.exports)) expect(output).toContain((path as string).slice(1));
    expect(output).toContain('/build/src/kernel/wasm/kernel-bytes.js ');
    expect(output).not.toMatch(/\/build\/src\/(?:cli|page|workerd)\//);
  });
});
