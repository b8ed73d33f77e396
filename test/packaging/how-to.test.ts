// Programs of docs/how-to, run as they stand.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../support/servers/tcp.js';
import { startWs } from '../support/servers/ws.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The program of a document that contains a text. */
function programOf(name: string, text: string): string {
  const markdown = readFileSync(join(ROOT, 'docs/how-to', name), 'utf8');
  const [program, ...more] = [...markdown.matchAll(/```js\n(.*?)```/gs)]
    .map(([, code]) => code!)
    .filter((code) => code.includes(text));
  expect({ program, more }).toEqual({ program: expect.any(String), more: [] });
  return program!;
}

/** Starts a program. Its output is read from the returned child. */
function start(program: string) {
  // Inside the package, which may then import itself by its name.
  const file = join(ROOT, `build/how-to-${randomUUID()}.mjs`);
  writeFileSync(file, program);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill();
    rmSync(file);
  });
  return child;
}

describe('connect.md', () => {
  it('has a loop that reconnects, and that ends with its socket when the handler throws', async () => {
    let connections = 0;
    const { url } = await startWs((socket) => {
      connections++;
      socket.send(`message ${connections}`);
      if (connections < 3) socket.close(1001);
    });
    const loop = programOf('connect.md', 'for (let attempt');
    const program = loop.replace(
      'for await (const message of messagesOf',
      'try {\nfor await (const message of messagesOf',
    );
    const child = start(`
      const url = '${url}';
      const handle = (message) => {
        console.log(String(message));
        if (String(message) === 'message 3') throw new Error('in the handler');
      };
      ${program}
      } catch (error) {
        console.log('caught:', error.message);
      }
    `);
    const output = child.stdout.setEncoding('utf8').toArray();
    // Ends by itself: no socket is left.
    expect(await once(child, 'close')).toEqual([0, null]);
    expect((await output).join('')).toBe(
      'message 1\nclosed by the server\nmessage 2\nclosed by the server\nmessage 3\ncaught: in the handler\n',
    );
    expect(connections).toBe(3);
  }, 20_000);
});

describe('compression.md', () => {
  it('has a server of the codec that compresses, and answers requests that it rejects', async () => {
    const port = await freePort();
    start(programOf('compression.md', "from 'wsimd/deflate'").replace('8080', String(port)));
    await expect.poll(() => statusOf(port, 'http://evil.example'), { timeout: 20_000 }).toBe(403);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    expect(socket.extensions).toMatch(/^permessage-deflate/);
    const text = 'hello '.repeat(100);
    socket.send(text);
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(String(data)).toBe(text);
    socket.close(1000);
    expect((await once(socket, 'close'))[0]).toBe(1000);
    // The server goes on.
    expect(await statusOf(port, 'http://evil.example')).toBe(403);
  }, 30_000);
});

/** The status of the answer to a handshake of a page of this origin; undefined while nothing listens. */
async function statusOf(port: number, origin: string): Promise<number | undefined> {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    Origin: origin,
  };
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}
