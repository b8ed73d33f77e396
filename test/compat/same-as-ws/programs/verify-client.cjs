// Authentication of clients in `verifyClient`, in its two forms, with statuses and headers of the program's.

const WebSocket = require('ws');
const { once } = require('node:events');

async function attempt(port, path, options) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
  const outcome = await new Promise((resolve) => {
    ws.on('open', () => resolve('open'));
    ws.on('unexpected-response', (request, response) => {
      const { statusCode, statusMessage, headers } = response;
      resolve([statusCode, statusMessage, headers['www-authenticate'], headers.connection, request.method]);
      response.resume();
      request.destroy();
    });
    ws.on('error', (error) => resolve(`${error.name}: ${error.message}`));
  });
  console.log(path, outcome);
  if (outcome === 'open') {
    ws.close();
    await once(ws, 'close');
  }
}

(async () => {
  const asked = new WebSocket.Server({
    port: 0,
    host: '127.0.0.1',
    verifyClient: (info, callback) => {
      console.log(Object.keys(info).sort(), info.origin, info.secure);
      const token = new URL(info.req.url, 'http://x').searchParams.get('token');
      setTimeout(() => {
        if (token === 'good') {
          info.req.user = 'Ada';
          callback(true);
        } else if (token === null) callback(false);
        else callback(false, 401, 'No Entry', { 'WWW-Authenticate': 'Bearer' });
      }, 5);
    },
  });
  asked.on('connection', (_ws, req) => console.log('user', req.user));
  await once(asked, 'listening');
  const { port } = asked.address();
  await attempt(port, '/?token=good', { origin: 'https://example.com' });
  await attempt(port, '/?token=bad');
  await attempt(port, '/');
  asked.close();
  const told = new WebSocket.Server({
    port: 0,
    host: '127.0.0.1',
    verifyClient: ({ req }) => req.headers.cookie === 'ok=1',
  });
  await once(told, 'listening');
  await attempt(told.address().port, '/with', { headers: { Cookie: 'ok=1' } });
  await attempt(told.address().port, '/without');
  const ws = new WebSocket(`ws://127.0.0.1:${told.address().port}/plain`);
  const [error] = await once(ws, 'error');
  console.log(error.message, ws.readyState);
  told.close(() => console.log('closed'));
})();
