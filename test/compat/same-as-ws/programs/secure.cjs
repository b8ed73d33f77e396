// A server on `https`, a client that trusts nobody, and one that trusts everybody; the certificate is in the environment.

const https = require('node:https');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');

const { KEY: key, CERT: cert } = process.env;
const server = https.createServer({ key, cert });
const wss = new WebSocketServer({ server });
wss.on('connection', (ws, req) => {
  ws.on('error', console.error);
  ws.on('message', (data) => console.log('received: %s', data, req.socket.encrypted, ws._socket.encrypted));
  ws.send('something');
  ws.send(Buffer.alloc(200_000, 1), () => console.log('sent'));
});
server.listen(0, '127.0.0.1', async () => {
  const url = `wss://127.0.0.1:${server.address().port}`;
  const distrusting = new WebSocket(url);
  console.log((await once(distrusting, 'error'))[0].code, distrusting.readyState);
  for (const options of [
    { rejectUnauthorized: false },
    { ca: cert },
    { ca: cert, agent: new https.Agent({ ca: cert }) },
  ]) {
    const ws = new WebSocket(url, options);
    const lengths = [];
    ws.on('message', (data) => lengths.push(data.length));
    await once(ws, 'open');
    ws.send('all glory');
    while (lengths.length < 2) await once(ws, 'message');
    const closed = once(ws, 'close');
    ws.close(1000, 'x');
    console.log(Object.keys(options), lengths, await closed);
  }
  wss.close();
  server.close(() => console.log('closed'));
});
