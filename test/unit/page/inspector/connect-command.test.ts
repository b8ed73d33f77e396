// The command that the inspector's page copies, run by a shell: the server gets the same message.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { connectCommand, type Sendable } from '../../../../src/page/inspector/connect-command.js';
import { MAIN } from '../../../support/servers/serve.js';
import { startWs } from '../../../support/servers/ws.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (text: string): Sendable => ({ control: undefined, text, bytes: bytesOf(text) });
const binaryOf = (...bytes: number[]): Sendable => ({
  control: undefined,
  text: undefined,
  bytes: Uint8Array.from(bytes),
});
const controlOf = (control: 'ping' | 'pong', text: string): Sendable => ({ control, text, bytes: bytesOf(text) });

it.each([
  ['text', textOf('hello')],
  ['text', textOf('it\'s $HOME `id` \\ "quoted" !')],
  ['text', textOf('/close')],
  ['text', textOf('//two')],
  ['text', textOf('--insecure')],
  ['text', textOf('-')],
  ['text', textOf('')],
  ['text', textOf('two\nlines\n')],
  ['text', textOf(' 雪 ')],
  ['binary', binaryOf(0, 255, 47)],
  ['binary', binaryOf()],
  ['ping', controlOf('ping', 'are you there?')],
  ['ping', controlOf('ping', '')],
  ['ping', controlOf('ping', 'two spaces  ')],
  ['ping', controlOf('ping', 'a line\n')],
  ['pong', controlOf('pong', '-x')],
] as const)('sends the same %s: %j', async (kind, sendable) => {
  const received: [string, string][] = [];
  const { url } = await startWs((socket) => {
    socket.on('message', (data, isBinary) => received.push([isBinary ? 'binary' : 'text', String(data)]));
    for (const name of ['ping', 'pong'] as const) socket.on(name, (data) => received.push([name, String(data)]));
  });
  const command = connectCommand(sendable, url)!;
  expect(command).toMatch(/^npx wsimd connect /);
  const program = `'${process.execPath}' '${MAIN}'`;
  await promisify(execFile)('sh', ['-c', `${command.replace('npx wsimd', program)} --wait 50ms`]);
  expect(received).toEqual([[kind, String(Buffer.from(sendable.bytes))]]);
});

it('is not there for what no argument can say', () => {
  expect(connectCommand(textOf('a\0b'), 'ws://a/')).toBeUndefined();
  expect(connectCommand(controlOf('ping', ' x'), 'ws://a/')).toBeUndefined();
  expect(connectCommand({ control: 'pong', text: undefined, bytes: Uint8Array.of(255) }, 'ws://a/')).toBeUndefined();
});
