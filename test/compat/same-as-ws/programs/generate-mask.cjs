// A mask of the program's own, and the bytes that then leave: seen by a server that knows TCP only.

const net = require('node:net');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const WebSocket = require('ws');

const server = net.createServer((socket) => {
  let head = '';
  let isOpen = false;
  const frames = [];
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    if (isOpen) {
      frames.push(chunk);
      const all = Buffer.concat(frames);
      if (all.length < 6 + 5 + 8 + 300 + 7) return;
      console.log(all.subarray(0, 11).toString('hex'), all.subarray(11, 25).toString('hex'), all.length);
      console.log(all.subarray(-7).toString('hex'));
      socket.end(Buffer.from([0x88, 0x00]));
      return;
    }
    head += chunk.toString('latin1');
    if (!head.includes('\r\n\r\n')) return;
    isOpen = true;
    const key = /sec-websocket-key: (.*)\r/i.exec(head)[1];
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
});
server.listen(0, '127.0.0.1', async () => {
  let calls = 0;
  const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}`, {
    perMessageDeflate: false,
    generateMask(mask) {
      calls++;
      mask.fill(calls);
    },
  });
  await once(ws, 'open');
  const data = Buffer.alloc(300, 0xaa);
  ws.send('hello');
  ws.send(data);
  ws.ping('p');
  console.log(
    calls,
    data.every((byte) => byte === 0xaa),
  );
  console.log(await once(ws, 'close'), ws.extensions === '', ws.protocol === '');
  server.close(() => console.log('closed'));
});
