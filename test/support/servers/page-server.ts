// Serves one page, and the modules that it imports from this folder. It knows no browser.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * Until the test is over.
 *
 * @param modules which paths may be asked for
 * @param root where they lie
 * @returns the page's address
 */
export async function servePage(page: string, modules: RegExp, root: URL): Promise<string> {
  const server = createServer(async ({ url = '' }, response) => {
    if (url === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    } else if (modules.test(url)) {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(await readFile(new URL(`.${url}`, root)));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
