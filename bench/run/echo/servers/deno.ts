// The echo server of Deno; what comes in on /broadcast goes to all who are there. It imports nothing.

interface DenoSocket {
  binaryType: string;
  onopen: () => void;
  onclose: () => void;
  onmessage: (event: { readonly data: string | ArrayBuffer }) => void;
  send(data: string | ArrayBuffer): void;
}

declare const Deno: {
  serve(
    options: {
      readonly port: number;
      readonly hostname: string;
      onListen(address: { readonly port: number }): void;
    },
    handler: (request: Request) => Response,
  ): unknown;
  upgradeWebSocket(request: Request): { readonly socket: DenoSocket; readonly response: Response };
  exit(): never;
  readonly stdin: { readonly readable: ReadableStream<Uint8Array> };
};

const listeners = new Set<DenoSocket>();

Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: ({ port }) => console.log(port) }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = 'arraybuffer';
  if (request.url.endsWith('/broadcast')) {
    socket.onopen = () => listeners.add(socket);
    socket.onclose = () => listeners.delete(socket);
    socket.onmessage = ({ data }) => {
      for (const listener of listeners) listener.send(data);
    };
  } else {
    socket.onmessage = ({ data }) => socket.send(data);
  }
  return response;
});

for await (const _line of Deno.stdin.readable);
Deno.exit();

export {};
