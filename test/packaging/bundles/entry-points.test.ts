// The entry points as Node gets them, from build/bundles: one program that uses several has one of each class.

import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPackage, type Project } from '../installed.js';

let project: Project;
beforeAll(() => {
  project = installPackage();
}, 180_000);
afterAll(() => project?.dispose());

function run(program: string): unknown {
  project.write('program.mjs', program);
  return JSON.parse(execFileSync(process.execPath, ['program.mjs'], { cwd: project.directory, encoding: 'utf8' }));
}

it('are joined files in Node, and modules elsewhere', () => {
  const { default: node, browser } = run(`
    import { readFileSync } from 'node:fs';
    const { exports } = JSON.parse(readFileSync('node_modules/wsimd/package.json', 'utf8'));
    const urls = Object.keys(exports).filter((key) => exports[key].node).map((key) => import.meta.resolve('wsimd' + key.slice(1)));
    const browser = Object.values(exports).filter(({ node }) => node).map((one) => one.default);
    console.log(JSON.stringify({ default: urls, browser }));
  `) as { default: string[]; browser: string[] };
  expect(node.length).toBe(8);
  expect(node.filter((url) => !url.includes('/wsimd/build/bundles/'))).toEqual([]);
  expect(browser.filter((path) => !path.startsWith('./build/src/'))).toEqual([]);
});

it('share their classes', () => {
  const outcome = run(`
    import { PreparedMessage, ProtocolError } from 'wsimd';
    import { PerMessageDeflate } from 'wsimd/deflate';
    import { PreparedMessage as PreparedOfNode, WebSocketServer } from 'wsimd/node';
    import { acceptWebSocket } from 'wsimd/web';
    const error = await acceptWebSocket({ readable: new ReadableStream(), writable: new WritableStream() }, {
      signal: AbortSignal.abort(new ProtocolError('WSIMD_NOT_OPEN')),
    }).opened.catch((reason) => reason);
    const server = new WebSocketServer({ noServer: true, perMessageDeflate: new PerMessageDeflate() });
    console.log(JSON.stringify({
      prepared: PreparedMessage === PreparedOfNode,
      error: error instanceof ProtocolError,
      deflate: server.options.perMessageDeflate instanceof PerMessageDeflate,
    }));
    server.close();
  `);
  expect(outcome).toEqual({ prepared: true, error: true, deflate: true });
});

it('need no undici to start', () => {
  const loaded = run(`
    await import('wsimd/node');
    console.log(JSON.stringify(process.moduleLoadList.filter((name) => name.includes('undici'))));
  `);
  expect(loaded).toEqual([]);
});
