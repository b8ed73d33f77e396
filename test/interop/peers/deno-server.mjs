// `Deno.serve` as a server: echoes, obeys, prints its port. Arguments: a certificate and its key, for TLS.

const [cert, key] = Deno.args;
let lastClose = '';

Deno.serve(
  {
    hostname: '127.0.0.1',
    port: 0,
    onListen: ({ port }) => console.log(port),
    ...(cert ? { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) } : {}),
  },
  (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: 'echo' });
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      if (data === '!close') socket.close(4001, 'the server’s reason');
      else socket.send(data === '!last-close' ? lastClose : data);
    };
    socket.onclose = ({ code, reason }) => {
      lastClose = `${code} ${reason}`;
    };
    return response;
  },
);
