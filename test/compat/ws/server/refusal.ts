// How a server refused a client, for the tests of this folder.

import type { IncomingMessage } from 'node:http';
import type { WebSocket } from '../../../../src/node/index.js';
import { next } from '../../../support/servers/servers.js';

/** The status that a client is refused with. */
export async function refusal(client: WebSocket): Promise<IncomingMessage & { body: string }> {
  const [request, response] = await next<[{ destroy(): void }, IncomingMessage]>(client, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  client.on('error', () => {});
  request.destroy();
  return Object.assign(response, { body });
}
