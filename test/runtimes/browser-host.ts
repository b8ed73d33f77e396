// The conformance suite in a page of a browser: served from loopback, run once, and ended.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelName } from '../../src/index.js';
import { type BrowserName, launchBrowser } from '../support/programs/browsers.js';
import { BUILD, listModules } from './compiled-modules.js';
import type { Replayed, VectorFiles } from './replay-all.js';
import { readVectorFiles } from './vector-files.js';

/** @throws Error if the browser is not there, or with what the suite says */
export async function replayInBrowser(
  name: BrowserName,
  kernels: readonly KernelName[],
): Promise<Replayed & { readonly version: string }> {
  const server = await serveModules();
  try {
    const browser = await launchBrowser(name);
    try {
      await browser.open(server.url);
      await browser.evaluate(startReplay, { files: readVectorFiles(), kernels });
      // It takes minutes where others use the machine too, and no driver waits so long for an answer.
      let answer: Answer | null = null;
      while (answer === null) {
        await sleep(500);
        answer = await browser.evaluate(readAnswer, undefined);
      }
      if ('error' in answer) throw new Error(answer.error);
      return { version: browser.version, ...answer };
    } finally {
      await browser.close();
    }
  } finally {
    server.close();
  }
}

type Answer = Replayed | { readonly error: string };

/** Runs in the page. */
function startReplay({ files, kernels }: { files: VectorFiles; kernels: readonly KernelName[] }): void {
  // As strings: the compiler would look for literal paths here.
  const codec: string = '/src/index.js';
  const handshake: string = '/src/handshake/index.js';
  const compression: string = '/src/deflate/index.js';
  const suite: string = '/test/runtimes/replay-all.js';
  const replay = async () => {
    const { replayAll } = (await import(suite)) as typeof import('./replay-all.js');
    const implementation = {
      ...((await import(codec)) as typeof import('../../src/index.js')),
      ...((await import(handshake)) as typeof import('../../src/handshake/index.js')),
      ...((await import(compression)) as typeof import('../../src/deflate/index.js')),
    };
    return replayAll(implementation, files, kernels);
  };
  const answer = (answer: Answer) => Object.assign(globalThis, { answer });
  replay().then(answer, (error) => answer({ error: String(error) }));
}

/** Runs in the page: what it has come to; null while it has not. */
function readAnswer(): Answer | null {
  return (globalThis as { answer?: Answer }).answer ?? null;
}

/** Serves an empty page, and the modules; nothing that is not in the list. */
async function serveModules(): Promise<{ readonly url: string; close(): void }> {
  const modules = new Set(listModules().map((path) => `/${path}`));
  const server = createServer(async ({ url = '' }, response) => {
    if (url === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>conformance</title>');
    } else if (modules.has(url)) {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(await readFile(new URL(`.${url}`, BUILD)));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}
