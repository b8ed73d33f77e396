// The echo server of Bun; what comes in on /broadcast is published to all who are there. It imports nothing of Node's.

interface BunSocket {
  readonly data: { readonly isBroadcast: boolean };
  send(message: string | Uint8Array): number;
  subscribe(topic: string): void;
}

interface BunServer {
  readonly port: number;
  upgrade(request: Request, options: { readonly data: BunSocket['data'] }): boolean;
  publish(topic: string, message: string | Uint8Array): number;
}

declare const Bun: {
  serve(options: {
    readonly port: number;
    readonly hostname: string;
    fetch(request: Request, server: BunServer): Response | undefined;
    readonly websocket: {
      open(socket: BunSocket): void;
      message(socket: BunSocket, message: string | Uint8Array): void;
    };
  }): BunServer;
};

const TOPIC = 'all';

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, server) {
    const data = { isBroadcast: request.url.endsWith('/broadcast') };
    return server.upgrade(request, { data }) ? undefined : new Response('This is a WebSocket server.');
  },
  websocket: {
    open(socket) {
      if (socket.data.isBroadcast) socket.subscribe(TOPIC);
    },
    message(socket, message) {
      if (socket.data.isBroadcast) server.publish(TOPIC, message);
      else socket.send(message);
    },
  },
});

process.stdin.on('data', () => {});
process.stdin.on('end', () => process.exit());
console.log(server.port);

export {};
