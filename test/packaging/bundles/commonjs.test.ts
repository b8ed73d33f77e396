// `require('wsimd/node')`: what it gives, on Nodes that cannot require an ES module, in Jest, in bundles of esbuild and webpack;
// and beside `import` in one program, where there are two copies of every class.

import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as buildWithEsbuild } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import webpack from 'webpack';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';
import { installPackage, type Project } from '../installed.js';

const HERE = fileURLToPath(new URL('./', import.meta.url));
/** As on Node 20.0, where `require` of an ES module throws. */
const AS_NODE_20_0 = '--no-experimental-require-module';
const WHOLE = { type: 'function', name: 'WebSocket', isItself: true, extensions: 'permessage-deflate', isEcho: true };

let project: Project;
beforeAll(() => {
  project = installPackage();
  cpSync(join(HERE, 'required.cjs'), join(project.directory, 'required.cjs'));
  project.write('main.cjs', "require('./required.cjs').echo().then((answer) => console.log(JSON.stringify(answer)));");
}, 180_000);
afterAll(() => project?.dispose());

/** Runs a program with WebAssembly: where its bytes are not found, it fails. Returns all that it wrote. */
function run(program: string, args: readonly string[]): Promise<string> {
  const { NODE_OPTIONS: _, VITEST: __, NODE_ENV: ___, ...env } = process.env;
  return new Promise((resolve) => {
    const options = { cwd: project.directory, env: { ...env, WSIMD_KERNEL: 'wasm', NO_COLOR: '1', CI: '1' } };
    execFile(program, args, options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

/** Runs a script in this Node, as in 20.0. Returns what it wrote as JSON. */
async function runScript(text: string): Promise<unknown> {
  const output = await run(process.execPath, [AS_NODE_20_0, project.write('script.cjs', text)]);
  try {
    return JSON.parse(output);
  } catch {
    throw new Error(output);
  }
}

describe('what require gives', () => {
  it('has what the class of ws has under the names that ws documents', async () => {
    const script = `
      const required = require('wsimd/node');
      const peer = require(${JSON.stringify(fileURLToPath(new URL('../../../node_modules/ws', import.meta.url)))});
      const missing = Object.keys(peer).filter((name) => typeof required[name] !== typeof peer[name]);
      console.log(JSON.stringify({ missing, type: typeof required, isModule: '__esModule' in required }));`;
    expect(await runScript(script)).toEqual({
      // Not documented by ws, and about a codec that is not there.
      missing: ['extension', 'PerMessageDeflate', 'Receiver', 'subprotocol'],
      type: 'function',
      isModule: false,
    });
  });

  it('has all that the ES module exports', async () => {
    const script = `
      const required = require('wsimd/node');
      import('wsimd/node').then((imported) => {
        const names = Object.keys(imported).filter((name) => name !== 'default' && name !== 'module.exports');
        const missing = names.filter((name) => typeof required[name] !== typeof imported[name]);
        const misnamed = names.filter((name) => required[name].name !== imported[name].name);
        console.log(JSON.stringify({ missing, misnamed, isLong: names.length > 10 }));
      });`;
    expect(await runScript(script)).toEqual({ missing: [], misnamed: [], isLong: true });
  });

  it('can be imported by its names', async () => {
    const path = join(project.directory, 'node_modules/wsimd/build/commonjs/src/node/index.js');
    const script = `
      import(${JSON.stringify(path)}).then(({ default: WebSocket, WebSocketServer, createWebSocketStream, Event }) => {
        console.log(JSON.stringify([WebSocket.WebSocketServer === WebSocketServer, typeof createWebSocketStream, Event.name]));
      });`;
    expect(await runScript(script)).toEqual([true, 'function', 'Event']);
  });
});

it('runs, and compresses, where an ES module cannot be required', async () => {
  expect(JSON.parse(await run(process.execPath, [AS_NODE_20_0, 'main.cjs']))).toEqual(WHOLE);
});

describe.each(['node-22', 'node-24', 'node-26'] as const)('on %s', (id) => {
  const node = findRuntime(id);
  describeWith(id, node !== undefined, () => {
    it.each([AS_NODE_20_0, '--experimental-require-module'])('runs, and compresses: %s', async (flag) => {
      expect(JSON.parse(await run(node!, [flag, 'main.cjs']))).toEqual(WHOLE);
    });
  });
});

const jest = findRuntime('jest');
describeWith('jest', jest !== undefined, () => {
  it('runs in a test of Jest, without any mapping of names', async () => {
    project.write('jest.config.json', JSON.stringify({ testMatch: ['<rootDir>/*.jest.cjs'], testEnvironment: 'node' }));
    project.write(
      'echo.jest.cjs',
      `test('echoes', async () => {
        expect(await require('./required.cjs').echo()).toEqual(${JSON.stringify(WHOLE)});
      });`,
    );
    const output = await run(process.execPath, [
      AS_NODE_20_0,
      jest!,
      '--config',
      'jest.config.json',
      '--watchman=false',
    ]);
    expect(output).toContain('Tests:       1 passed, 1 total');
  }, 120_000);
});

describe('in a bundle', () => {
  it('of esbuild', async () => {
    const { warnings } = await buildWithEsbuild({
      entryPoints: [join(project.directory, 'main.cjs')],
      bundle: true,
      platform: 'node',
      outfile: join(project.directory, 'bundles', 'esbuild.cjs'),
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    expect(JSON.parse(await run(process.execPath, [AS_NODE_20_0, 'bundles/esbuild.cjs']))).toEqual(WHOLE);
  });

  it('of webpack', async () => {
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
      const compiler = webpack({
        context: project.directory,
        mode: 'production',
        target: 'node20',
        performance: false,
        entry: './main.cjs',
        // Names are kept: the program says what a class is called.
        optimization: { minimize: false },
        output: { path: join(project.directory, 'bundles'), filename: 'webpack.cjs' },
      });
      if (compiler === null) throw new Error('no compiler');
      compiler.run((error, result) => compiler.close(() => (error ? reject(error) : resolve(result))));
    });
    const { errors, warnings } = stats!.toJson({ all: false, errors: true, warnings: true });
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    expect(JSON.parse(await run(process.execPath, [AS_NODE_20_0, 'bundles/webpack.cjs']))).toEqual(WHOLE);
  });
});

describe('beside import in one program', () => {
  const withBoth = (body: string) => `
    const required = require('wsimd/node');
    const answer = (value) => console.log(JSON.stringify(value));
    Promise.all([import('wsimd'), import('wsimd/node'), import('wsimd/deflate')]).then(async ([core, imported, deflate]) => {
      ${body}
    });`;

  it('instances of a class are instances of it in the other copy too', async () => {
    const script = withBoth(`
      class Mine extends required {}
      const servers = [new required.Server({ noServer: true }), new imported.Server({ noServer: true })];
      const error = new required.WebSocketError(new core.ProtocolError('WSIMD_NOT_MASKED'));
      answer({
        sameClass: required === imported.WebSocket,
        sockets: [new required(null) instanceof imported.WebSocket, new imported.WebSocket(null) instanceof required],
        subclass: [new Mine(null) instanceof imported.WebSocket, new imported.WebSocket(null) instanceof Mine],
        servers: [servers[0] instanceof imported.Server, servers[1] instanceof required.Server],
        errors: [error instanceof imported.WebSocketError, new required.UnexpectedResponseError({ statusCode: 404 }) instanceof core.ProtocolError],
        messages: [new required.PreparedMessage('x') instanceof core.PreparedMessage, new required.PreparedMessage('x') instanceof required],
        others: [{}, null, undefined, 1, () => {}, Object.create(null), required.prototype].map((value) => value instanceof required),
      });`);
    expect(await runScript(script)).toEqual({
      sameClass: false,
      sockets: [true, true],
      subclass: [true, false],
      servers: [true, true],
      errors: [true, true],
      messages: [true, false],
      others: [false, false, false, false, false, false, false],
    });
  });

  it('takes compression and prepared messages from the ES modules, and broadcasts to their sockets', async () => {
    const script = withBoth(`
      const server = new required.Server({
        port: 0, host: '127.0.0.1', perMessageDeflate: new deflate.PerMessageDeflate({ level: 'smallest', poolLength: 0 }),
      });
      server.on('connection', (socket) => {
        socket.sendPrepared(new core.PreparedMessage('one'.repeat(100)));
        imported.broadcast(server.clients, 'two');
      });
      await new Promise((resolve) => server.on('listening', resolve));
      const client = new imported.WebSocket('ws://127.0.0.1:' + server.address().port);
      const texts = [];
      client.on('message', (data) => {
        if (texts.push(String(data)) === 2) client.close();
      });
      client.on('close', () => {
        server.close();
        answer([client.extensions, texts[0].length, texts[1]]);
      });`);
    expect(await runScript(script)).toEqual([
      expect.stringMatching(/^permessage-deflate;.*server_no_context_takeover/),
      300,
      'two',
    ]);
  });

  it('refuses a class of the other copy for its connections: it would not know how to open one', async () => {
    const script = withBoth(`
      const messageOf = (WebSocket) => {
        try {
          return new required.Server({ noServer: true, WebSocket }).constructor.name;
        } catch (error) {
          return error.name;
        }
      };
      answer([required, class extends required {}, imported.WebSocket, class extends imported.WebSocket {}].map(messageOf));`);
    expect(await runScript(script)).toEqual(['WebSocketServer', 'WebSocketServer', 'TypeError', 'TypeError']);
  });
});
