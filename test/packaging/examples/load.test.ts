// examples/load/: the servers that public load generators are pointed at, on wsimd and on `ws`.

import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';
import { converse, PATIENTLY, root, run, start } from './running.js';

const LIBRARIES = ['wsimd/node', 'ws'];

/** A member of the chat, with the messages that it has received. */
async function join(url: string, name: string): Promise<{ client: WebSocket; received: string[] }> {
  const client = new WebSocket(`${url}?name=${name}`);
  onTestFinished(() => client.terminate());
  const received: string[] = [];
  client.on('message', (data) => received.push(String(data)));
  await once(client, 'message');
  return { client, received };
}

async function chat(...options: readonly string[]): Promise<readonly string[][]> {
  const { url } = await start('node', 'examples/load/chat.mjs', ...options);
  const members = await Promise.all(['Alice0', 'Bob0'].map((name) => join(url, name)));
  members[0]!.client.send('grün');
  await expect.poll(() => members.every(({ received }) => received.length === 2), PATIENTLY).toBe(true);
  return members.map(({ received }) => received);
}

describe.each(LIBRARIES)('on %s', (library) => {
  test('echo.mjs returns each message as it came', async () => {
    const { url } = await start('node', 'examples/load/echo.mjs', '--library', library);
    await converse(url);
  });

  test('chat.mjs sends each message to all members, its sender included', async () => {
    expect(await chat('--library', library)).toEqual([
      ['ready', 'grün'],
      ['ready', 'grün'],
    ]);
  });
});

test('chat.mjs with --names and --broadcast puts the name of the sender before the message', async () => {
  expect(await chat('--names', '--broadcast')).toEqual([
    ['ready', 'Alice0: grün'],
    ['ready', 'Alice0: grün'],
  ]);
});

test('chat.mjs refuses --broadcast where the library has none', async () => {
  const failed = run('node', ['examples/load/chat.mjs', '--broadcast', '--library', 'ws'], { cwd: root });
  await expect(failed).rejects.toThrow('ws has no broadcast()');
});

describeWith('Bun', findRuntime('bun') !== undefined, () => {
  test('echo-bun.mjs returns each message as it came', async () => {
    const { url } = await start(findRuntime('bun')!, 'examples/load/echo-bun.mjs');
    await converse(url);
  });
});
