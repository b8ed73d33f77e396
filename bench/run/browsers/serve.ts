// Serves the benchmark's page on loopback, and takes what it posts. All files are listed at the start: no path of a request
// reaches the file system. It must not know any browser.

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { RunResult } from '../../core/results.js';
import { type Failure, RESULT_PATH, VERSIONS_PATH } from '../../page/run-spec.js';
import { listVersions } from '../machine.js';

/** The page, being served. */
export interface PageServer {
  readonly url: string;
  /** What the page posts first. */
  readonly result: Promise<RunResult>;
  close(): void;
}

/** build/, and what is in the repository beside it. */
const BUILD = new URL('../../../', import.meta.url);
const PAGE = new URL('../bench/page/', BUILD);
const TINYBENCH = new URL(import.meta.resolve('tinybench'));
const FOLDERS = ['assembly', 'src', 'bench'];
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};
const MAX_RESULT = 64 * 1024 * 1024;
const HEADERS = {
  // Isolated, the page has a clock that is fine enough.
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

/** @param port 0: any that is free */
export async function servePage(port = 0): Promise<PageServer> {
  const files = listFiles();
  let resolve: (result: RunResult) => void;
  let reject: (error: Error) => void;
  const result = new Promise<RunResult>((onResult, onError) => {
    resolve = onResult;
    reject = onError;
  });
  // A caller that only serves the page does not await the result.
  result.catch(() => {});
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/s, '');
    try {
      if (path === RESULT_PATH && request.method === 'POST') {
        const posted = (await readJson(request)) as RunResult | Failure;
        answer(response, 204, '');
        if ('error' in posted) reject(new Error(`the page says: ${posted.error}`));
        else resolve(posted);
      } else if (path === VERSIONS_PATH) {
        const { wsimd = '', tinybench = '' } = listVersions();
        answer(response, 200, JSON.stringify({ wsimd, tinybench }), 'application/json');
      } else {
        const file = files.get(path);
        if (file === undefined) answer(response, 404, 'There is nothing here.\n');
        else answer(response, 200, await readFile(file), TYPES[file.pathname.replace(/^.*\./, '')]);
      }
    } catch (error) {
      answer(response, 500, `${String(error)}\n`);
    }
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', listening);
  });
  const address = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${address.port}/`, result, close };
}

function listFiles(): ReadonlyMap<string, URL> {
  const files = new Map<string, URL>([
    ['/', new URL('index.html', PAGE)],
    ['/base.css', new URL('../src/page/base.css', BUILD)],
    ['/style.css', new URL('style.css', PAGE)],
    ['/tinybench.js', TINYBENCH],
  ]);
  for (const folder of FOLDERS) {
    for (const name of readdirSync(fileURLToPath(new URL(folder, BUILD)), { recursive: true, encoding: 'utf8' })) {
      const file = `${folder}/${name.replaceAll('\\', '/')}`;
      if (file.endsWith('.js')) files.set(`/${file}`, new URL(file, BUILD));
    }
  }
  return files;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_RESULT) throw new RangeError('the result is too long');
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString());
}

function answer(response: ServerResponse, status: number, body: string | Buffer, type = 'text/plain'): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': type });
  response.end(body);
}
