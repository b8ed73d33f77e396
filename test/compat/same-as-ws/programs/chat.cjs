// A chat: names, messages to all others, a list of who is there, and what everybody sees when one leaves.

const WebSocket = require('ws');
const { once } = require('node:events');

const wss = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
const users = new Map();

function broadcast(message, except) {
  wss.clients.forEach((client) => {
    if (client !== except && client.readyState === WebSocket.OPEN) client.send(JSON.stringify(message));
  });
}

wss.on('connection', (ws, req) => {
  const name = new URL(req.url, 'http://localhost').searchParams.get('name');
  ws.id = users.size + 1;
  ws.username = name;
  users.set(ws, name);
  ws.send(JSON.stringify({ type: 'welcome', id: ws.id, users: [...users.values()] }));
  broadcast({ type: 'joined', name }, ws);
  ws.on('message', (data) => {
    let message;
    try {
      message = JSON.parse(data);
    } catch (error) {
      ws.send(JSON.stringify({ type: 'error', name: error.name }));
      return;
    }
    broadcast({ type: 'said', name: ws.username, text: message.text });
  });
  ws.on('close', (code, reason) => {
    users.delete(ws);
    broadcast({ type: 'left', name, code, reason: reason.toString() });
  });
});

async function join(name, log) {
  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}/chat?name=${name}`);
  ws.onmessage = ({ data, type, target }) => log.push(`${type} ${typeof data} ${target === ws} ${data}`);
  await once(ws, 'open');
  return ws;
}

/** Until so many lines have come. */
async function until(log, count) {
  while (log.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

(async () => {
  await once(wss, 'listening');
  const logs = { ada: [], bob: [] };
  const ada = await join('ada', logs.ada);
  await until(logs.ada, 1);
  const bob = await join('bob', logs.bob);
  await until(logs.bob, 1);
  await until(logs.ada, 2);
  ada.send(JSON.stringify({ text: 'grüß dich 👋' }));
  await until(logs.bob, 2);
  await until(logs.ada, 3);
  bob.send('no JSON');
  await until(logs.bob, 3);
  bob.close(4001, 'bye');
  await until(logs.ada, 4);
  ada.close();
  const [code, reason] = await once(ada, 'close');
  // Which end closes first is not compared: docs/ws-compatibility.md.
  while (wss.clients.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  console.log(logs, code, reason, users.size, wss.clients.size);
  wss.close((error) => console.log('closed', error));
})();
