// The documents: links lead somewhere, and the first thing a reader of the README copies works.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
];

/** How GitHub names the headings of a document. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('links', () => {
  it.each(DOCUMENTS)('%s: each relative link leads to a file, and each anchor to a heading', (name) => {
    const markdown = readFileSync(join(ROOT, name), 'utf8').replace(/```.*?```/gs, '');
    const links = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    for (const link of links.filter((one) => !/^[a-z]+:/.test(one))) {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? join(ROOT, name) : join(ROOT, dirname(name), path);
      expect(existsSync(file), link).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(readFileSync(file, 'utf8')), link).toContain(anchor);
    }
  });
});

describe('ARCHITECTURE.md', () => {
  it('names only files and folders that exist', () => {
    const markdown = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
    const paths = [...markdown.matchAll(/`((?:assembly|bench|src|test)\/[\w./-]+)`/g)].map(([, path]) => path!);
    expect(paths.length).toBeGreaterThan(100);
    const missing = paths.filter((path) => !path.includes('NAME') && !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });
});

describe('the README', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

  it('says on the first screen how to install wsimd, and how to put it in the place of ws', () => {
    const screen = readme.split('\n').slice(0, 25).join('\n');
    expect(screen).toContain('```sh\nnpm install wsimd\n```');
    expect(screen).toContain("import { WebSocketServer } from 'wsimd/node';");
  });

  it('has a server there that echoes, as it stands', async () => {
    const [, program = ''] = /```js\n(.*?)```/s.exec(readme)!;
    const port = await freePort();
    // Inside the package, which may then import itself by its name.
    const file = join(ROOT, `build/readme-${process.pid}.mjs`);
    writeFileSync(file, program.replace('8080', String(port)));
    const child = spawn(process.execPath, [file], { stdio: 'inherit' });
    onTestFinished(() => {
      child.kill();
      rmSync(file);
    });
    await expect.poll(() => echoesOf(port), { timeout: 20_000 }).toEqual(['hello', Buffer.of(0, 255)]);
  });

  it('has no generated benchmark tables', () => {
    expect(readme).not.toContain('bench:begin');
    expect(readme.split('\n').length).toBeLessThan(320);
  });
});

/** A free port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The replies to a text and a binary message; undefined while the port is closed. */
async function echoesOf(port: number): Promise<(string | Buffer)[] | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  try {
    await once(socket, 'open');
  } catch {
    return undefined;
  }
  const echoes: (string | Buffer)[] = [];
  const both = new Promise<void>((resolve) => {
    socket.on('message', (data, isBinary) => {
      echoes.push(isBinary ? (data as Buffer) : String(data));
      if (echoes.length === 2) resolve();
    });
  });
  socket.send('hello');
  socket.send(Buffer.of(0, 255));
  await both;
  socket.terminate();
  return echoes;
}
