// What a program sees that looks closely: properties, descriptors, constants, names, `for…in`, errors, events of both kinds.

const { once } = require('node:events');
const WebSocket = require('ws');

const PROPERTIES = ['binaryType', 'bufferedAmount', 'extensions', 'isPaused', 'protocol', 'readyState', 'url'];
const METHODS = [
  'close',
  'pause',
  'ping',
  'pong',
  'resume',
  'send',
  'terminate',
  'addEventListener',
  'removeEventListener',
];
const CONSTANTS = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
const HANDLERS = ['onopen', 'onmessage', 'onclose', 'onerror'];

function shapeOf(object, name) {
  for (let at = object; at; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found)
      return Object.entries(found)
        .map(([key, value]) => `${key} ${typeof value === 'function' ? 'function' : value}`)
        .join(', ');
  }
  return 'none';
}

function attempt(call) {
  try {
    return `${call()}`;
  } catch (error) {
    return `${error.name}: ${error.message} ${error instanceof Error}`;
  }
}

(async () => {
  const wss = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  await once(wss, 'listening');
  const connection = once(wss, 'connection');
  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  console.log(
    attempt(() => ws.send('early')),
    attempt(() => ws.ping()),
    attempt(() => ws.pong()),
  );
  await once(ws, 'open');
  const [served] = await connection;
  for (const name of CONSTANTS)
    console.log(name, shapeOf(WebSocket, name), '/', shapeOf(WebSocket.prototype, name), ws[name]);
  for (const name of [...PROPERTIES, ...HANDLERS, ...METHODS]) console.log(name, shapeOf(ws, name), typeof ws[name]);
  for (const name of METHODS) console.log(name, ws[name].length >= 0, ws[name].name);
  const named = [];
  for (const name in ws) if ([...PROPERTIES, ...HANDLERS, ...CONSTANTS].includes(name)) named.push(name);
  console.log(named.sort().join(' '));
  console.log(WebSocket.name, WebSocket.WebSocket === WebSocket, WebSocket.Server === WebSocket.WebSocketServer);
  console.log(Object.prototype.toString.call(ws), Object.prototype.toString.call(wss), ws.constructor === WebSocket);
  console.log(ws instanceof require('node:events'), wss instanceof require('node:events'), wss.clients.has(served));
  for (const name of [...PROPERTIES.slice(1), ...CONSTANTS]) {
    console.log(
      name,
      attempt(() => {
        'use strict';
        ws[name] = 5;
        return ws[name] === 5;
      }).replace(/ of .*/, ''),
    );
  }
  ws.binaryType = 'nonsense';
  console.log(
    ws.binaryType,
    attempt(() => ws.ping(Buffer.alloc(126))),
    attempt(() => ws.close(1005)),
    attempt(() => ws.close(1000, 'x'.repeat(124))),
  );
  for (const args of [
    ['nonsense'],
    ['ftp://x'],
    ['ws://x/#y'],
    ['ws://x', ['a', 'a']],
    ['ws://x', ['a b']],
    ['ws://x', null],
    [],
  ]) {
    console.log(
      JSON.stringify(args),
      attempt(() => new WebSocket(...args)),
    );
  }
  for (const args of [
    [],
    [{}],
    [{ port: 0, noServer: true }],
    [{ noServer: true, server: require('node:http').createServer() }],
  ]) {
    console.log(
      Object.keys(args[0] ?? {}),
      attempt(() => new WebSocket.Server(...args)),
    );
  }
  console.log(
    attempt(() => WebSocket('ws://x')).split(':')[0],
    attempt(() => new WebSocket.Server({ noServer: true }).address()),
  );
  const events = [];
  served.onmessage = (event) => events.push([event.type, event.data, event.target === served, event.constructor.name]);
  served.onclose = (event) =>
    events.push([event.type, event.code, event.reason, event.wasClean, event.constructor.name]);
  served.addEventListener('message', { handleEvent: (event) => events.push(['object', event.data]) }, { once: true });
  ws.send('one');
  ws.send('two');
  ws.close(3000, 'grün');
  console.log(await once(served, 'close'), ws.readyState >= 2);
  console.log(
    events,
    served.readyState,
    attempt(() => served.send('late')),
    attempt(() => served.close()),
  );
  served.send('late', (error) => {
    console.log(error.name, error.message, served.bufferedAmount > 0);
    wss.close(() =>
      console.log(
        attempt(() => wss.close()),
        attempt(() => wss.close((late) => console.log(late.message))),
      ),
    );
  });
})();
