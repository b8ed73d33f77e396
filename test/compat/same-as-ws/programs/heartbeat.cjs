// Heartbeats with `isAlive`, as the README of `ws` has made them common: who does not answer is terminated.

const WebSocket = require('ws');

function noop() {}
function heartbeat() {
  this.isAlive = true;
}

const wss = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  const url = `ws://127.0.0.1:${wss.address().port}`;
  const good = new WebSocket(url);
  let pings = 0;
  good.on('ping', (data) => {
    if (++pings === 1) console.log('ping', data, Buffer.isBuffer(data));
  });
  const dead = new WebSocket(url, { autoPong: false });
  dead.on('close', (code, reason) => {
    console.log('dead', code, reason, dead.readyState, pings > 0, good.readyState === WebSocket.OPEN, wss.clients.size);
    clearInterval(interval);
    good.on('close', (goodCode) => {
      console.log('good', goodCode);
      wss.close(() => console.log('server closed'));
    });
    good.terminate();
  });
});

wss.on('connection', (ws) => {
  ws.isAlive = true;
  ws.on('error', console.error);
  ws.on('pong', heartbeat);
});

const interval = setInterval(() => {
  wss.clients.forEach((ws) => {
    if (ws.isAlive === false) {
      ws.terminate();
      return;
    }
    ws.isAlive = false;
    ws.ping(noop);
  });
}, 200);
wss.on('close', () => clearInterval(interval));
