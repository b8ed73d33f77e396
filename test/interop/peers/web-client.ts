// What a client that has the web's `WebSocket` tries on our server: in a page (only the function's text goes there), and as a
// program of Node, Deno and Bun, which is told what to try in WSIMD_TRY, and prints what came of it.

export interface Plan {
  readonly url: string;
  /** Of the longest messages, in bytes. */
  readonly length: number;
}

export interface Tried {
  readonly protocol: string;
  /** The messages that did not come back as they were sent, by their place. */
  readonly wrong: readonly number[];
  readonly fragments: string;
  readonly ponged: string;
  /** Closed by the client, then by the server. */
  readonly closes: readonly (readonly [closeCode: number, reason: string, wasClean: boolean])[];
}

/** It uses nothing from around it. */
export async function tryWebSocket({ url, length }: Plan): Promise<Tried> {
  const open = async () => {
    const socket = new WebSocket(url, ['other', 'echo']);
    socket.binaryType = 'arraybuffer';
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('close', ({ code }) => reject(new Error(`it does not open: ${code}`)));
    });
    return socket;
  };
  const nextMessage = (socket: WebSocket) =>
    new Promise<string | ArrayBuffer>((resolve, reject) => {
      socket.addEventListener('message', ({ data }) => resolve(data), { once: true });
      socket.addEventListener('close', ({ code, reason }) => reject(new Error(`closed: ${code} ${reason}`)));
    });
  const ask = async (socket: WebSocket, question: string) => {
    const answer = nextMessage(socket);
    socket.send(question);
    return String(await answer);
  };
  const nextClose = (socket: WebSocket) =>
    new Promise<readonly [number, string, boolean]>((resolve) =>
      socket.addEventListener('close', ({ code, reason, wasClean }) => resolve([code, reason, wasClean])),
    );

  const noise = new Uint8Array(length);
  for (let i = 0; i < length; i += 65536) crypto.getRandomValues(noise.subarray(i, i + 65536));
  const json = (i: number) => JSON.stringify({ id: i, user: `user ${i % 7}`, text: '漢字🎉 and text '.repeat(i % 5) });
  const messages: (string | Uint8Array<ArrayBuffer>)[] = [
    ...['hello', '', '漢字🎉'.repeat(1000), new Uint8Array(0), Uint8Array.of(0, 255)],
    ...Array.from({ length: 8 }, (_, i) => json(i)),
    ...[
      noise,
      '漢字🎉'.repeat(Math.floor(length / 10)),
      json(3).repeat(Math.floor(length / 120)),
      noise.slice(0, 70_000),
    ],
    json(9),
  ];
  const socket = await open();
  const wrong: number[] = [];
  for (const [index, message] of messages.entries()) {
    const echo = nextMessage(socket);
    socket.send(message);
    const data = await echo;
    const isSame =
      typeof data === 'string' || typeof message === 'string'
        ? data === message
        : data.byteLength === message.length && new Uint8Array(data).every((byte, i) => byte === message[i]);
    if (!isSame) wrong.push(index);
  }
  const fragments = await ask(socket, '!fragments');
  const ponged = await ask(socket, '!ping');
  const { protocol } = socket;
  const closed = nextClose(socket);
  socket.close(4321, 'that is all 漢');
  const other = await open();
  const closedByServer = nextClose(other);
  other.send('!close');
  return { protocol, wrong, fragments, ponged, closes: [await closed, await closedByServer] };
}

const plans = globalThis.process?.env?.WSIMD_TRY;
if (plans !== undefined) {
  const tried: Tried[] = [];
  for (const plan of JSON.parse(plans) as Plan[]) tried.push(await tryWebSocket(plan));
  console.log(JSON.stringify(tried));
}
