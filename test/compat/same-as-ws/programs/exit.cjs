// `process.exit()` right behind what was sent: the program starts itself again as the one that exits.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const WebSocket = require('ws');

const DEEDS = {
  send: (ws) => ws.send('last words'),
  several: (ws) => {
    for (let i = 0; i < 5; i++) ws.send(`word ${i}`);
    ws.ping('p');
    ws.send(Buffer.alloc(10_000, 1));
  },
  close: (ws) => {
    ws.send('last words');
    ws.close(1001, 'going away');
  },
  terminate: (ws) => {
    ws.send('last words');
    ws.terminate();
  },
};

async function watch(deed, role) {
  const child = fork(__filename, [deed, role]);
  const wss = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  await once(wss, 'listening');
  let ws;
  if (role === 'server') {
    const [port] = await once(child, 'message');
    ws = new WebSocket(`ws://127.0.0.1:${port}`);
  } else {
    child.send(wss.address().port);
    [ws] = await once(wss, 'connection');
  }
  const seen = [];
  ws.on('error', () => {});
  for (const name of ['message', 'ping', 'close'])
    ws.on(name, (...args) => seen.push([name, ...args.map((arg) => String(arg).slice(0, 12))]));
  if (role === 'server') ws.on('open', () => ws.send('go'));
  else ws.send('go');
  const exited = once(child, 'exit');
  await once(ws, 'close');
  console.log(deed, role, JSON.stringify(seen), (await exited)[0]);
  wss.close();
}

async function perform(deed, role) {
  const act = (ws) =>
    ws.on('message', () => {
      DEEDS[deed](ws);
      process.exit(3);
    });
  if (role === 'client') {
    const [port] = await once(process, 'message');
    act(new WebSocket(`ws://127.0.0.1:${port}`));
    return;
  }
  const wss = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  wss.on('connection', act);
  await once(wss, 'listening');
  process.send(wss.address().port);
}

const [deed, role] = process.argv.slice(2);
if (role !== undefined) void perform(deed, role);
else
  (async () => {
    for (const name of Object.keys(DEEDS)) for (const side of ['server', 'client']) await watch(name, side);
  })();
