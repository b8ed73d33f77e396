// Under fake clocks: that of node:test, and one that a program has made by replacing the globals before it loads anything.

const { once } = require('node:events');
const realTimeout = setTimeout;
const stopped = () => ({ ref() {}, unref() {}, hasRef: () => true });
const isEarly = process.argv[2] !== 'late';
const replaced = ['setTimeout', 'setInterval', 'setImmediate', 'Date'];
function stopClocks() {
  if (isEarly) for (const name of replaced.slice(0, 3)) globalThis[name] = stopped;
  else require('node:test').mock.timers.enable({ apis: replaced });
}
if (isEarly) stopClocks();
const WebSocket = require('ws');
if (!isEarly) stopClocks();

(async () => {
  const wss = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  await once(wss, 'listening');
  wss.on('connection', (ws) =>
    ws.on('message', async (data) => {
      ws.send(`one ${data}`);
      await null;
      ws.send(`two ${data}`);
      ws.ping('p');
    }),
  );
  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`, { handshakeTimeout: 1000 });
  const seen = [];
  ws.on('message', (data) => seen.push(String(data)));
  await once(ws, 'open');
  for (let i = 0; i < 3; i++) {
    const ping = once(ws, 'ping');
    ws.send(i);
    await ping;
  }
  console.log(seen);
  ws.close(1000, 'x');
  console.log(await once(ws, 'close'));
  wss.close(() => {
    console.log('closed');
    if (isEarly) {
      const { spawnSync } = require('node:child_process');
      console.log(spawnSync(process.execPath, [__filename, 'late'], { encoding: 'utf8' }).stdout);
    } else realTimeout(() => process.exit(), 10);
  });
})();
