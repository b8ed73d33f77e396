// A Worker with a WebSocketPair as a server: echoes, and obeys.

let lastClose = '';

export default {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.binaryType = 'arraybuffer';
    server.addEventListener('message', ({ data }) => {
      if (data === '!close') server.close(4001, 'the server’s reason');
      else server.send(data === '!last-close' ? lastClose : data);
    });
    server.addEventListener('close', ({ code, reason }) => {
      lastClose = `${code} ${reason}`;
      server.close(code, reason);
    });
    return new Response(null, { status: 101, webSocket: client, headers: { 'Sec-WebSocket-Protocol': 'echo' } });
  },
};
