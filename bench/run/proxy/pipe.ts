// A relay that does nothing but relay: two sockets of Node, each piped into the other. What `wsimd proxy` costs more than this is its
// own work. Argument: the port to relay to.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const target = Number(process.argv[2]);

const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true });
  join(client, upstream);
  join(upstream, client);
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
process.stdin.on('end', () => process.exit()).resume();

function join(source: Socket, target: Socket): void {
  source.pipe(target);
  // The load cuts its connections.
  source.on('error', () => target.destroy()).on('close', () => target.destroy());
}
