// The echo server for load generators on Bun's own WebSockets, without wsimd: `bun echo-bun.mjs`, then send to ws://127.0.0.1:9001.

const server = Bun.serve({
  port: Number(process.env.PORT ?? 9001),
  hostname: '127.0.0.1',
  fetch(request, server) {
    return server.upgrade(request) ? undefined : new Response('WebSockets only', { status: 426 });
  },
  websocket: {
    message(socket, message) {
      socket.send(message);
    },
  },
});
console.log(`listening on ws://127.0.0.1:${server.port}`);
