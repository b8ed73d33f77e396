// Which async context listeners and callbacks run in, with `AsyncLocalStorage`: as a tracer of requests sees it.

const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const WebSocket = require('ws');

const storage = new AsyncLocalStorage();
const seen = [];
const see = (what) => seen.push(`${what}: ${storage.getStore()}`);
/** Calls in a context of its own, and resolves with its callback. */
const within = (name, call) =>
  storage.run(
    name,
    () =>
      new Promise((resolve) => {
        call(() => {
          see(`callback of ${name}`);
          resolve();
        });
      }),
  );

(async () => {
  const wss = new WebSocket.Server({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(wss, 'listening');
  wss.on('connection', (ws) => {
    ws.on('message', (data) => ws.send(data));
  });
  const url = `ws://127.0.0.1:${wss.address().port}`;
  const ws = storage.run('client', () => new WebSocket(url, { perMessageDeflate: false }));
  for (const name of ['open', 'upgrade', 'close', 'pong']) ws.on(name, () => see(`client ${name}`));
  ws.addEventListener('message', () => see('client message'));
  await once(ws, 'open');
  await Promise.all([
    within('first', (done) => ws.send('1', done)),
    within('second', (done) => ws.send('2', done)),
    within('with options', (done) => ws.send('3', { binary: true }, done)),
    within('large', (done) => ws.send(Buffer.alloc(200_000), done)),
    within('ping', (done) => ws.ping('p', true, done)),
    within('pong', (done) => ws.pong('p', done)),
  ]);
  const waits = within('closing', (done) => ws.once('close', () => done()));
  await new Promise((resolve) => setTimeout(resolve, 100));
  storage.run('closer', () => ws.close(1000));
  await waits;
  await within('late', (done) => ws.send('late', done));
  // Which of several comes first is another test's.
  console.log(seen.sort().join('\n'));
  wss.close();
})();
