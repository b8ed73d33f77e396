// HTTP servers on a free port of loopback, for tests that put WebSockets on them or answer plain requests. They end with the test.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface RunningHttp {
  readonly httpServer: Server;
  readonly port: number;
  /** Address and port. */
  readonly host: string;
  /** `ws:`, without a path. */
  readonly url: string;
}

export async function startHttp(listener?: RequestListener): Promise<RunningHttp> {
  const httpServer = createServer(listener);
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    httpServer.closeAllConnections();
    httpServer.close();
  });
  const { port } = httpServer.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return { httpServer, port, host, url: `ws://${host}` };
}
