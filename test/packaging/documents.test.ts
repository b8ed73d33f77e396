// The documents: links lead somewhere, paths in the text exist, the programs that readers copy from the README and the tutorial work, and the page of
// errors lists every code.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type ErrorCode, ProtocolError } from '../../src/protocol/errors.js';
import { freePort } from '../support/servers/tcp.js';
import { installPackage } from './installed.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CODE_OF_CONDUCT.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
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

/** All links of a document, images included. */
function allLinksOf(markdown: string): string[] {
  return [...markdown.replace(/```.*?```/gs, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
}

/** Its relative links. */
function linksOf(markdown: string): string[] {
  return allLinksOf(markdown).filter((link) => !/^[a-z]+:/.test(link));
}

/** The paths of this repository in a document's text. */
function pathsIn(name: string): string[] {
  const markdown = readFileSync(join(ROOT, name), 'utf8');
  return [...markdown.matchAll(/`((?:assembly|bench|docs|scripts|src|test)\/[\w./*-]+)`/g)].map(([, path]) => path!);
}

/** Whether a path exists; a `*` in its last part stands for anything. */
function hasFile(path: string): boolean {
  const { dir, base } = posix.parse(path);
  if (!base.includes('*')) return existsSync(join(ROOT, path));
  const pattern = new RegExp(`^${base.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  return existsSync(join(ROOT, dir)) && readdirSync(join(ROOT, dir)).some((name) => pattern.test(name));
}

describe('links', () => {
  it.each(DOCUMENTS)('%s: each relative link leads to a file, and each anchor to a heading', (name) => {
    for (const link of linksOf(readFileSync(join(ROOT, name), 'utf8'))) {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? join(ROOT, name) : join(ROOT, dirname(name), path);
      expect(existsSync(file), link).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(readFileSync(file, 'utf8')), link).toContain(anchor);
    }
  });

  it('to files of the repository on GitHub name files that exist', () => {
    const address = /^https:\/\/github\.com\/wsimd\/wsimd\/(?:blob|tree)\/main\/([^#]+)/;
    const links = DOCUMENTS.flatMap((name) => allLinksOf(readFileSync(join(ROOT, name), 'utf8')));
    const paths = links.flatMap((link) => address.exec(link)?.[1] ?? []);
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('lead to files in the npm package too, from each document that is in it', () => {
    const project = installPackage();
    onTestFinished(() => project.dispose());
    const files = project.packed.files.map(({ path }) => path);
    for (const name of DOCUMENTS) {
      expect(files).toContain(name);
      const markdown = readFileSync(join(project.directory, 'node_modules/wsimd', name), 'utf8');
      const targets = linksOf(markdown)
        .map((link) => link.split('#')[0]!)
        .filter((path) => path !== '')
        .map((path) => posix.join(posix.dirname(name), path));
      expect(targets.filter((target) => !files.includes(target))).toEqual([]);
    }
  });
});

describe('paths in backticks', () => {
  it.each(DOCUMENTS)('%s: each leads to a file or a folder', (name) => {
    expect(pathsIn(name).filter((path) => !path.includes('NAME') && !hasFile(path))).toEqual([]);
  });

  it('are found', () => {
    expect(pathsIn('ARCHITECTURE.md').length).toBeGreaterThan(100);
    expect(pathsIn('ARCHITECTURE.md')).toContain('test/spec/decisions*.test.ts');
    expect(hasFile('test/packaging/documents*.test.ts')).toBe(true);
    expect(hasFile('test/packaging/papers*.test.ts')).toBe(false);
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
    const port = await start(program);
    await expect.poll(() => echoesOf(port), { timeout: 20_000 }).toEqual(['hello', Buffer.of(0, 255)]);
  });

  it('has no generated benchmark tables', () => {
    expect(readme).not.toContain('bench:begin');
    expect(readme.split('\n').length).toBeLessThan(320);
  });
});

describe('docs/reference/errors.md', () => {
  const tables = readFileSync(join(ROOT, 'docs/reference/errors.md'), 'utf8');
  const source = readFileSync(join(ROOT, 'src/protocol/errors.ts'), 'utf8');
  const codes = [...source.matchAll(/^ {2}(WSIMD_\w+): \{/gm)].map(([, code]) => code!);

  it('has one row for each code, and none for others', () => {
    const listed = [...tables.matchAll(/^\| `(WSIMD_\w+)` \|/gm)].map(([, code]) => code!);
    expect(codes.length).toBeGreaterThan(50);
    expect(listed.toSorted()).toEqual(codes.toSorted());
  });

  it('has the texts that errors have', () => {
    const meanings = [...tables.matchAll(/^\| `(WSIMD_\w+)` \|.* \| (.+) \|$|^\| `(WSIMD_\w+)` \| (.+) \|$/gm)];
    expect(meanings).toHaveLength(codes.length);
    for (const [, code, text, otherCode, otherText] of meanings) {
      const { message } = new ProtocolError((code ?? otherCode) as ErrorCode);
      expect((text ?? otherText)!.replaceAll('`', '')).toBe(message);
    }
  });

  it('has the close codes and statuses that errors have', () => {
    for (const code of codes) {
      const { closeCode, status } = new ProtocolError(code as ErrorCode);
      const [, column] = new RegExp(`^\\| \`${code}\` \\| (\\d{3,4}) \\|`, 'm').exec(tables) ?? [];
      expect(column, code).toBe((closeCode ?? status)?.toString());
    }
  });
});

describe('the tutorial', () => {
  const tutorial = readFileSync(join(ROOT, 'docs/tutorial/chat.md'), 'utf8');
  const programs = [...tutorial.matchAll(/^## (.+?)$.*?```js\n(\/\/ server\.js\n.*?)```/gms)];

  it('has a program in each of its parts', () => {
    expect(programs.length).toBe(tutorial.split('// server.js').length - 1);
    expect(programs.length).toBeGreaterThanOrEqual(5);
  });

  it.each(programs.map(([, title, program]) => [title!, program!]))(
    '%s: its program runs as it stands, and answers with what it was sent',
    async (_title, program) => {
      const port = await start(program);
      // As an echo, or in the JSON of a broadcast or a publication, which its sender gets too.
      const text = `hello ${randomUUID()}`;
      await expect.poll(() => answerOf(port, text), { timeout: 20_000 }).toContain(text);
    },
  );
});

/** Runs a program of a document with another port. @returns the port */
async function start(program: string): Promise<number> {
  expect(program.split('8080')).toHaveLength(2);
  const port = await freePort();
  // Inside the package, which may then import itself by its name.
  const file = join(ROOT, `build/document-${randomUUID()}.mjs`);
  writeFileSync(file, program.replace('8080', String(port)));
  const child = spawn(process.execPath, [file], { stdio: 'inherit' });
  onTestFinished(() => {
    child.kill();
    rmSync(file);
  });
  return port;
}

/** The first message that comes back for a text; undefined while the port is closed. */
async function answerOf(port: number, text: string): Promise<string | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  try {
    await once(socket, 'open');
  } catch {
    return undefined;
  }
  socket.send(text);
  const [data] = await once(socket, 'message');
  socket.terminate();
  return String(data);
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
