// `wsimd serve`: one HTTP server with the page, the modules that it imports, and the WebSocket endpoints. It listens, says
// where, and ends; what is served is in serve/.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { selectKernel } from '../index.js';
import { ECHO_PATH } from '../page/live/tap-protocol.js';
import { type Command, parseInteger, parseOptions, UsageError } from './command.js';
import { interrupted } from './interruption.js';
import { authorityOf, listen } from './listening.js';
import { AllowedHosts } from './serve/allowed-hosts.js';
import { Endpoints } from './serve/endpoints.js';
import { answerText, createPageHandler } from './serve/page-files.js';
import { printable } from './terminal.js';

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
  --allow-host HOST[:PORT]
                   answer requests for this host too; may be given several times

It answers requests whose Host is localhost, a loopback address or the address
listened on, with its port, and pages from the same origin; others get a 421 or
a 403. Behind a proxy or under another name, use --allow-host.

Ctrl-C ends it.

Exit code: 0; 1 if it cannot listen; 2 for wrong usage.
`,

  async run(args) {
    const { values } = parseOptions(args, {
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        'allow-host': { type: 'string', multiple: true, default: [] as string[] },
      },
    });
    const port = values.port === undefined ? DEFAULT_PORT : parseInteger('--port', values.port, 0, 65535);
    const host = values.host ?? DEFAULT_HOST;
    // To Node, an empty host means every address of the machine.
    if (host === '') throw new UsageError('--host is an address');

    const hosts = new AllowedHosts(host, values['allow-host']);

    const server = createServer(onlyFor(hosts, createPageHandler(BUILD)));
    const endpoints = new Endpoints(server, hosts);
    await listen(server, port, host);

    const address = authorityOf(server.address() as AddressInfo);
    const { kernel, reason } = selectKernel();
    process.stdout.write(
      `wsimd serves with its ${kernel.name} kernel (${printable(reason)})\n\n` +
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

function onlyFor(hosts: AllowedHosts, listener: RequestListener): RequestListener {
  return (request, response) => {
    const refusal = hosts.refuse(request);
    if (refusal === undefined) listener(request, response);
    else answerText(response, refusal.status, refusal.text);
  };
}
