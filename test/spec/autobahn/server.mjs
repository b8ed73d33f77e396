// The server mode of the Autobahn test suite: an echo server for a fuzzing client. `node test/spec/autobahn/server.mjs [port]`

import { createServer } from 'node:net';
import { runServer } from './session.mjs';

const server = createServer((socket) => {
  runServer(socket, echo).catch((error) => console.error(error.message));
});
server.listen(Number(process.argv[2] ?? 9002), '127.0.0.1', () => {
  console.log(`listening on ws://127.0.0.1:${server.address().port}`);
});

function echo(connection, message) {
  if (connection.state !== 'open') return;
  if (typeof message === 'string') connection.sendText(message);
  else connection.sendBinary(message);
}
