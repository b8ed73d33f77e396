// The package in shim/, which is `wsimd/node` under the name of `ws`: a fresh project that overrides `ws` with it, as
// docs/how-to/migrate-from-ws.md says, and in it programs with engine.io, Fastify, NestJS and puppeteer-core. npm installs these from
// its registry; where it is not reached, nothing is shown.

import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { installPackage, type Project } from '../installed.js';

const HERE = fileURLToPath(new URL('./', import.meta.url));

const DEPENDENTS = {
  '@fastify/websocket': '11.3.6',
  '@nestjs/common': '11.1.6',
  '@nestjs/core': '11.1.6',
  '@nestjs/platform-express': '11.1.6',
  '@nestjs/platform-ws': '11.1.6',
  '@nestjs/websockets': '11.1.6',
  'engine.io': '6.6.12',
  fastify: '5.12.8',
  'puppeteer-core': '24.43.1',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
};

/** Runs a program. Returns all that it wrote. */
function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(stdout);
    });
  });
}

function reachesRegistry(): boolean {
  try {
    const args = ['view', 'engine.io@6.6.12', 'version', '--fetch-retries=0', '--fetch-timeout=10000'];
    return execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).includes('6.6.12');
  } catch {
    return false;
  }
}

describeWith('the registry of npm', reachesRegistry(), () => {
  let project: Project;
  beforeAll(async () => {
    project = installPackage();
    const { directory, packed } = project;
    // As a user does: the folder comes with the package, and npm installs both anew.
    cpSync(join(directory, 'node_modules', 'wsimd', 'shim'), join(directory, 'ws'), { recursive: true });
    renameSync(join(directory, 'node_modules'), join(directory, 'unpacked'));
    project.write(
      'package.json',
      JSON.stringify({
        private: true,
        dependencies: { ...DEPENDENTS, ws: 'file:./ws', wsimd: `file:./${packed.filename}` },
        overrides: { ws: '$ws' },
      }),
    );
    cpSync(join(HERE, 'overridden.cjs'), join(directory, 'overridden.cjs'));
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], directory);
  }, 240_000);
  afterAll(() => project?.dispose());

  it('leaves no other ws in the tree', () => {
    const folders = readdirSync(join(project.directory, 'node_modules'), { recursive: true, encoding: 'utf8' });
    const peers = folders.filter((name) => /(?:^|\/)ws\/lib$/.test(name));
    expect(peers).toEqual([]);
    expect(existsSync(join(project.directory, 'node_modules', 'ws', 'index.mjs'))).toBe(true);
  });

  it('serves engine.io, Fastify, NestJS and puppeteer-core', async () => {
    const output = await run(process.execPath, ['overridden.cjs'], project.directory);
    expect(JSON.parse(output)).toEqual({
      answers: {
        engine: '4hello',
        fastify: 'fastify hello',
        nest: '{"event":"echo","data":"hello"}',
        puppeteer: 'Test/1.0',
      },
      found: [join(project.directory, 'ws', 'index.js')],
      isOne: true,
    });
  }, 60_000);
});
