// Run by node-hooks.test.ts in versions of Node that have `shouldUpgradeCallback`: an HTTP server that decides by it which requests
// are upgrades, with a WebSocketServer on it. Prints what became of each request.

import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { WebSocket, WebSocketServer } from 'wsimd/node';

const asked = [];
const httpServer = createServer(
  {
    shouldUpgradeCallback: ({ url }) => {
      asked.push(url);
      return url.startsWith('/chat') || url.startsWith('/lost');
    },
  },
  (_request, response) => response.end('a page'),
);
const server = new WebSocketServer({ server: httpServer, path: '/chat' });
server.on('connection', (webSocket) => webSocket.send('welcome'));
httpServer.listen(0, '127.0.0.1');
await once(httpServer, 'listening');
const { port } = httpServer.address();

/** The answer to a request for an upgrade. */
function answerTo(path, upgrade) {
  return new Promise((resolve, reject) => {
    const headers = { Connection: 'Upgrade', Upgrade: upgrade };
    request({ port, host: '127.0.0.1', path, headers, agent: false }, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve(`${response.statusCode} ${body}`);
    })
      .on('error', reject)
      .end();
  });
}

const client = new WebSocket(`ws://127.0.0.1:${port}/chat`);
const [message] = await once(client, 'message');
const page = await answerTo('/page', 'h2c');
const failed = new WebSocket(`ws://127.0.0.1:${port}/page`);
const [elsewhere] = await once(failed, 'error');
const [lost] = await once(new WebSocket(`ws://127.0.0.1:${port}/lost`), 'error');
client.close(1000);
await once(client, 'close');
console.log(
  JSON.stringify({ message: String(message), page, elsewhere: elsewhere.message, lost: lost.message, asked }),
);
server.close();
httpServer.close();
