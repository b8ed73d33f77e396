// The server that is attacked, in a process of its own: `node server.js <wsimd|ws> <build> <maxPayload>`. It answers `big` with a
// long message, other short messages with themselves, and all others with nothing. Says its port.

import { pathToFileURL } from 'node:url';

const LONG_LENGTH = 16 * 1024 * 1024;
const ECHO_LENGTH = 125;

const [subject, build, maxPayload] = process.argv.slice(2) as [string, string, string];
const { WebSocketServer }: typeof import('ws') =
  subject === 'ws' ? await import('ws') : await import(pathToFileURL(`${build}/src/node/index.js`).href);

function makeLong(): Buffer {
  let text = '';
  for (let i = 0; text.length < LONG_LENGTH; i++)
    text += JSON.stringify({ id: i, price: Math.random(), name: `item ${i % 97}` });
  return Buffer.from(text.slice(0, LONG_LENGTH));
}

const long = makeLong();
const server = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  perMessageDeflate: true,
  maxPayload: Number(maxPayload),
});
server.on('listening', () => {
  const { port } = server.address() as { port: number };
  console.log(JSON.stringify({ port }));
});
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => {
    if (data.toString('latin1', 0, 4) === 'big') socket.send(long);
    else if (data.length <= ECHO_LENGTH) socket.send(data);
  });
});
