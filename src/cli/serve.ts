// `wsimd serve`: one HTTP server with the page, the modules that it imports, and the WebSocket endpoints. It listens, says
// where, and ends; what is served is in serve/.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { selectKernel } from '../index.js';
import { type Command, CommandError, parseInteger, parseOptions, UsageError } from './command.js';
import { ECHO_PATH } from './page/tap-protocol.js';
import { Endpoints } from './serve/endpoints.js';
import { createPageHandler } from './serve/page-files.js';

const DEFAULT_PORT = 8080;
const DEFAULT_HOST = '127.0.0.1';
/** build/, as seen from build/src/cli/serve.js. */
const BUILD = new URL('../../', import.meta.url);

export const command: Command = {
  help: `wsimd serve: an echo server, with a page that takes its frames apart

Usage: wsimd serve [options]

Options:
  --port N         the port to listen on; 0: any that is free. Default ${DEFAULT_PORT}
  --host ADDRESS   the address to listen on. Default ${DEFAULT_HOST}

Ctrl-C ends it.
`,

  async run(args) {
    const { values } = parseOptions(args, { options: { port: { type: 'string' }, host: { type: 'string' } } });
    const port = values.port === undefined ? DEFAULT_PORT : parseInteger('--port', values.port, 0, 65535);
    const host = values.host ?? DEFAULT_HOST;
    // To Node, an empty host means every address of the machine.
    if (host === '') throw new UsageError('--host is an address');

    const server = createServer(createPageHandler(BUILD));
    const endpoints = new Endpoints(server);
    await listen(server, port, host);

    const address = authorityOf(server.address() as AddressInfo);
    const { kernel, reason } = selectKernel();
    process.stdout.write(
      `wsimd serves with its ${kernel.name} kernel (${reason})\n\n` +
        `  page   http://${address}/\n  echo   ws://${address}${ECHO_PATH}\n\nCtrl-C ends it.\n`,
    );

    await interrupted();
    const closed = new Promise((resolve) => server.close(resolve));
    await endpoints.close();
    server.closeAllConnections();
    await closed;
    return 0;
  },
};

/** @throws CommandError if the address cannot be had */
async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const hint = code === 'EADDRINUSE' ? 'the port is taken; another can be named with --port' : message;
    throw new CommandError(`cannot listen on ${host}, port ${port}: ${hint}`);
  }
}

/** Host and port as a URL has them; an address that means all of them is reached as localhost. */
function authorityOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `localhost:${port}`;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Fulfilled at the first Ctrl-C; a second one, while connections are closed, ends the process as usual. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
