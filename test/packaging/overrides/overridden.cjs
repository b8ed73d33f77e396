// Programs with packages that depend on `ws`, in a project that overrides it: an echo through each. Prints what came back, and where
// each package finds `ws`.

const http = require('node:http');
const { realpathSync } = require('node:fs');
const { dirname } = require('node:path');
const WebSocket = require('ws');

/** Sends a message to a port of this machine. Returns what comes back. */
function ask(port, path, message) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    socket.on('open', () => socket.send(message));
    socket.on('message', (data) => {
      resolve(String(data));
      socket.close();
    });
    socket.on('error', reject);
  });
}

async function engine() {
  const server = http.createServer();
  const engine = require('engine.io').attach(server);
  engine.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/engine.io/?EIO=4&transport=websocket`);
  const answer = await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => (String(data)[0] === '0' ? socket.send('4hello') : resolve(String(data))));
  });
  socket.close();
  engine.close();
  server.close();
  return answer;
}

async function fastify() {
  const app = require('fastify')();
  await app.register(require('@fastify/websocket'));
  app.get('/chat', { websocket: true }, (socket) => {
    socket.on('message', (data) => socket.send(`fastify ${data}`));
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const answer = await ask(app.server.address().port, '/chat', 'hello');
  await app.close();
  return answer;
}

async function nest() {
  require('reflect-metadata');
  const { Module } = require('@nestjs/common');
  const { NestFactory } = require('@nestjs/core');
  const { WsAdapter } = require('@nestjs/platform-ws');
  const { SubscribeMessage, WebSocketGateway } = require('@nestjs/websockets');
  class Gateway {
    echo(_client, data) {
      return { event: 'echo', data };
    }
  }
  WebSocketGateway({ path: '/nest' })(Gateway);
  SubscribeMessage('echo')(Gateway.prototype, 'echo', Object.getOwnPropertyDescriptor(Gateway.prototype, 'echo'));
  class App {}
  Module({ providers: [Gateway] })(App);
  const app = await NestFactory.create(App, { logger: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  const answer = await ask(app.getHttpServer().address().port, '/nest', '{"event":"echo","data":"hello"}');
  await app.close();
  return answer;
}

/** Connects to what answers as a browser does, as far as it is asked here. */
async function puppeteer() {
  const server = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { id } = JSON.parse(String(data));
      socket.send(JSON.stringify({ id, result: { browserContextIds: [], targetInfos: [], product: 'Test/1.0' } }));
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { connect } = await import('puppeteer-core');
  const browser = await connect({ browserWSEndpoint: `ws://127.0.0.1:${server.address().port}/` });
  const version = await browser.version();
  await browser.disconnect();
  server.close();
  return version;
}

async function main() {
  const answers = {
    engine: await engine(),
    fastify: await fastify(),
    nest: await nest(),
    puppeteer: await puppeteer(),
  };
  const names = ['engine.io', '@fastify/websocket', '@nestjs/platform-ws', 'puppeteer-core'];
  const found = names.map((name) => realpathSync(require.resolve('ws', { paths: [dirname(require.resolve(name))] })));
  const imported = await import('ws');
  const isOne = imported.default === WebSocket && imported.WebSocketServer === WebSocket.WebSocketServer;
  console.log(JSON.stringify({ answers, found: [...new Set(found)], isOne }));
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
