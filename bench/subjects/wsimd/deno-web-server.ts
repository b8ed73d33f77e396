// The server under test on Deno with wsimd/web: a listener gets the messages, over the sockets of Deno.listen.

import { acceptWebSocket, type ByteSocket } from '../../../src/web/index.js';
import { control } from '../server/control.js';
import { readServerJob } from '../server/job.js';

declare const Deno: {
  readonly version: { readonly deno: string };
  listen(options: { readonly hostname: string; readonly port: number }): AsyncIterable<DenoConnection> & {
    readonly addr: { readonly port: number };
  };
};

type DenoConnection = ByteSocket & { setNoDelay(isNoDelay: boolean): void };

const job = readServerJob(process.argv[2]);
if (job.kind !== 'echo' || job.reply !== 'sync') throw new Error('this server only echoes');

const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 });
control({ port: listener.addr.port, versions: { deno: Deno.version.deno } });

for await (const connection of listener) {
  connection.setNoDelay(true);
  // Rejects when the load cuts the connection, which needs no answer.
  acceptWebSocket(connection, { onMessage: (message, socket) => socket.send(message) });
}
