// Clocks that tests put in the place of the real one: vitest's, @sinonjs's, those of node:test and of Jest. Messages leave and
// arrive as with `ws`.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { mock } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import FakeTimers from '@sinonjs/fake-timers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Api, IMPLEMENTATIONS } from '../../support/peers/implementations.js';
import { bundleCommonJs } from './bundle.js';

const require = createRequire(import.meta.url);
const { playUnderFakeTimers }: { playUnderFakeTimers(api: Api, options?: object): Promise<void> } =
  require('./scenario.cjs');

const CLOCKS: [string, () => () => unknown][] = [
  [
    'vitest',
    () => {
      vi.useFakeTimers();
      return () => vi.useRealTimers();
    },
  ],
  [
    '@sinonjs/fake-timers',
    () => {
      // Not nextTick and queueMicrotask: without those no socket of Node's works.
      const clock = FakeTimers.install({
        toFake: ['setTimeout', 'setInterval', 'setImmediate', 'Date', 'performance'],
      });
      return () => clock.uninstall();
    },
  ],
  [
    'node:test',
    () => {
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
      return () => mock.timers.reset();
    },
  ],
];

describe.each(CLOCKS)('with the clock of %s', (_clock, install) => {
  test.each(IMPLEMENTATIONS)('%s works', async (_name, api) => {
    onTestFinished(install() as () => void);
    await playUnderFakeTimers(api);
  });

  test('ours works where each event has a turn of its own', async () => {
    onTestFinished(install() as () => void);
    await playUnderFakeTimers(IMPLEMENTATIONS[1]![1], { allowSynchronousEvents: false });
  });
});

test('closeTimeout is the program’s, so its clock counts', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const [, { WebSocket, WebSocketServer }] = IMPLEMENTATIONS[1]!;
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const connection = new Promise<InstanceType<typeof WebSocket>>((resolve) => server.once('connection', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { closeTimeout: 60_000 });
  const served = await connection;
  await new Promise((resolve) => client.once('open', resolve));
  served.pause();
  const closed = new Promise<number>((resolve) => client.once('close', resolve));
  client.close();
  vi.advanceTimersByTime(60_000);
  expect(await closed).toBe(1006);
  served.terminate();
  server.close();
});

describe('Jest', () => {
  let bundle: Awaited<ReturnType<typeof bundleCommonJs>>;
  beforeAll(async () => {
    bundle = await bundleCommonJs();
  });
  afterAll(() => bundle?.dispose());

  const scenario = fileURLToPath(new URL('scenario.cjs', import.meta.url));
  const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  const jest = join(modules, 'jest/bin/jest.js');

  /** Runs one test file in Jest. */
  async function runJest(environment: string, fakeTimers: object, body: string): Promise<string> {
    const name = `${environment.replace(/\W/g, '')}-${Object.keys(fakeTimers).join('') || 'none'}`;
    const config = {
      rootDir: bundle.folder,
      testEnvironment: require.resolve(environment),
      testMatch: [`**/${name}.test.cjs`],
      fakeTimers,
      moduleDirectories: ['node_modules', modules],
      haste: { retainAllFiles: true },
    };
    writeFileSync(
      join(bundle.folder, `${name}.test.cjs`),
      `const api = require(${JSON.stringify(bundle.file)});
       const { playUnderFakeTimers } = require(${JSON.stringify(scenario)});
       ${body}`,
    );
    const args = [jest, '--config', JSON.stringify(config), '--ci', '--runInBand', '--no-cache', '--watchman=false'];
    const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: bundle.folder, timeout: 60_000 });
    return stderr;
  }

  const PLAY = `
    test('a connection', async () => {
      jest.useFakeTimers();
      await playUnderFakeTimers(api);
      await playUnderFakeTimers(api, { allowSynchronousEvents: false });
    });`;

  test.each([
    ['jest-environment-node', {}],
    ['jest-environment-node', { enableGlobally: true }],
    ['jest-environment-jsdom', {}],
    ['jest-environment-jsdom', { enableGlobally: true }],
  ])('%s, %j', { timeout: 90_000 }, async (environment, fakeTimers) => {
    expect(await runJest(environment, fakeTimers, PLAY)).toMatch(/Tests: +1 passed/);
  });

  test('jsdom: data of its realm, and of Node’s', { timeout: 90_000 }, async () => {
    const body = `
      test('kinds of data', async () => {
        expect(typeof setImmediate).toBe('undefined');
        expect(Buffer.alloc(1) instanceof Uint8Array).toBe(false);
        const server = new api.WebSocketServer({ port: 0, host: '127.0.0.1', heartbeat: { interval: 20 } });
        await new Promise((resolve) => server.once('listening', resolve));
        server.on('connection', (served) => served.on('message', (data, isBinary) => served.send([data], { binary: isBinary })));
        const client = new api.WebSocket('ws://127.0.0.1:' + server.address().port);
        await new Promise((resolve) => client.once('open', resolve));
        const echo = async (data) => {
          const message = new Promise((resolve) => client.once('message', (...args) => resolve(args)));
          client.send(data);
          const [bytes, isBinary] = await message;
          return (isBinary ? 'binary ' : 'text ') + bytes.toString('latin1');
        };
        const bytes = [97, 98, 99];
        expect(await echo('abc')).toBe('text abc');
        for (const data of [bytes, Buffer.from(bytes), Uint8Array.from(bytes), Uint8Array.from(bytes).buffer,
          new DataView(Uint8Array.from(bytes).buffer), [Buffer.from([97]), Uint8Array.from([98, 99])]]) {
          expect(await echo(data)).toBe('binary abc');
        }
        expect(api.broadcast(server.clients, Uint8Array.from(bytes))).toBe(1);
        client.close(1000, Uint8Array.from(bytes));
        const [, reason] = await new Promise((resolve) => client.once('close', (...args) => resolve(args)));
        expect(String(reason)).toBe('abc');
        await new Promise((resolve) => server.close(resolve));
      });`;
    expect(await runJest('jest-environment-jsdom', { legacyFakeTimers: false }, body)).toMatch(/Tests: +1 passed/);
  });
});
