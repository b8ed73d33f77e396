// The files that `wsimd serve` hands out: the page, and the compiled modules that it imports. All of them are listed at the
// start, and a request is looked up in that list: no path of a request ever reaches the file system.

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { INSPECTOR_PATH, PROXY_PATH } from '../../page/inspector/feed-protocol.js';
import { ECHO_PATH, TAP_PATH } from '../../page/live/tap-protocol.js';
import { CommandError } from '../command.js';

interface PageFile {
  readonly url: URL;
  readonly type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  js: 'text/javascript; charset=utf-8',
  map: 'application/json',
};

const PAGE_FOLDER = 'src/page/';
/** Of src/, what runs in no browser. */
const NOT_SERVED = /^src\/(node|cli)\//;
const HOST = /^[\w.:[\]-]+$/;

/** Answers requests for the page and its modules, and nothing else. @throws CommandError if the page has not been built */
export function createPageHandler(build: URL): RequestListener {
  const files = listFiles(build);
  return (request, response) => void answer(files, request, response);
}

function listFiles(build: URL): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const folder of ['assembly', 'src']) {
    for (const name of readdirSync(fileURLToPath(new URL(folder, build)), { recursive: true, encoding: 'utf8' })) {
      const file = `${folder}/${name.replaceAll('\\', '/')}`;
      const path = pathOf(file);
      const type = TYPES[file.slice(file.lastIndexOf('.') + 1)];
      if (path !== undefined && type !== undefined) files.set(path, { url: new URL(file, build), type });
    }
  }
  if (!files.has('/')) throw new CommandError('the page is missing: run "npm run build"');
  return files;
}

/** Where a file is served; undefined if it is not. */
function pathOf(file: string): string | undefined {
  const isOfPage = file.startsWith(PAGE_FOLDER);
  if (/\.js(\.map)?$/.test(file)) return isOfPage || !NOT_SERVED.test(file) ? `/${file}` : undefined;
  return isOfPage ? `/${file.slice(PAGE_FOLDER.length)}`.replace(/^\/index\.html$/, '/') : undefined;
}

async function answer(
  files: ReadonlyMap<string, PageFile>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url!.replace(/\?.*$/s, '');
  const file = files.get(path);
  if (file === undefined) {
    if (path === PROXY_PATH) {
      response.writeHead(204).end();
      return;
    }
    if (path === ECHO_PATH || path === TAP_PATH)
      answerText(response, 426, 'This is a WebSocket endpoint.', { Upgrade: 'websocket' });
    else answerText(response, 404, 'There is nothing here.');
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    answerText(response, 405, 'GET or HEAD, please.', { Allow: 'GET, HEAD' });
    return;
  }
  let body: Buffer;
  try {
    body = await readFile(file.url);
  } catch {
    answerText(response, 500, 'The file cannot be read; has the build been removed?');
    return;
  }
  response.writeHead(200, {
    'Content-Type': file.type,
    'Content-Length': body.length,
    'Content-Security-Policy': contentSecurityPolicy(request.headers.host ?? '', path === INSPECTOR_PATH),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    // A rebuild shows at the next load.
    'Cache-Control': 'no-cache',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * Nothing but what comes from here. Not every browser takes 'self' to mean WebSockets too, so they are named.
 *
 * @param connectsAnywhere the page opens WebSockets to servers that a person names
 */
function contentSecurityPolicy(host: string, connectsAnywhere: boolean): string {
  const own = HOST.test(host) ? ` ws://${host}` : '';
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${connectsAnywhere ? ' ws: wss:' : own}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(`${text}\n`);
}
