// What a client does with the server of web-transport-server.mjs, in Deno or in a page: one session, a stream for each WebSocket.
// As a program of Deno it takes the session's address and the certificate's SHA-256, and prints what came of it.

import { PerMessageDeflate } from '../../../build/src/deflate/index.js';
import { connectWebSocket } from '../../../build/src/web/index.js';

/** Deno ends no stream before its garbage is collected (denoland/deno#36822): neither side waits longer for that. */
const CLOSE_TIMEOUT = 5000;
const PIECE = 256 * 1024;
/** 16 MiB, more than any peer buffers: 1.3 MiB on the way to Deno, 6 MiB on the way to Chromium. */
const PIECES = 64;

/** @param hash the SHA-256 of the server's certificate */
export async function converse({ url, hash }) {
  const certificate = { algorithm: 'sha-256', value: Uint8Array.from(hash) };
  const transport = new WebTransport(url, { serverCertificateHashes: [certificate] });
  await transport.ready;
  const open = async (path, options = {}) => {
    const streams = await transport.createBidirectionalStream();
    const url = `ws://localhost${path}`;
    const socket = connectWebSocket(streams, { url, protocols: ['test'], closeTimeout: CLOSE_TIMEOUT, ...options });
    const { readable, writable, protocol, extensions } = await socket.opened;
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    /** Null: no answer, but the end. */
    const ask = async (message) => {
      await writer.write(message);
      return (await reader.read()).value ?? null;
    };
    return { socket, reader, writer, ask, agreed: { protocol, extensions } };
  };

  const control = await open('/control');
  const plain = await open('/echo');
  const compressed = await open('/echo', { perMessageDeflate: new PerMessageDeflate() });
  const closing = await open('/close');
  const slow = await open('/slow');
  const flood = await open('/flood');
  const result = {
    plain: await echo(plain),
    compressed: await echo(compressed),
    closing: await closing.ask('enough'),
    sending: await sendToSlow(slow, control),
    receiving: await receiveSlowly(flood, control),
  };
  const sockets = { plain, compressed, slow, flood, control, closing };
  for (const { socket } of [plain, compressed, slow, flood, control]) socket.close({ closeCode: 4000, reason: 'bye' });
  const closed = await Promise.all(
    Object.entries(sockets).map(async ([name, { socket, reader }]) => {
      const { done } = await reader.read();
      return [name, { done, ...(await socket.closed) }];
    }),
  );
  const left = await open('/echo');
  transport.close();
  await transport.closed;
  return { ...result, closed: Object.fromEntries(closed), lost: await left.socket.closed.catch(({ code }) => code) };
}

async function echo({ reader, writer, agreed }) {
  const noise = new Uint8Array(1024 * 1024);
  for (let at = 0; at < noise.length; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
  const messages = ['', 'Grüße 漢字 🙂', new Uint8Array(0), 'long '.repeat(250_000), noise];
  // Written without waiting for what comes back.
  const sending = Promise.all(messages.map((message) => writer.write(message)));
  const same = [];
  for (const message of messages) same.push(isSame((await reader.read()).value, message));
  await sending;
  return { ...agreed, same };
}

/** Writes to a peer that does not read, until nothing more is taken; then the peer reads. */
async function sendToSlow({ writer, ask }, control) {
  let taken = 0;
  const writing = (async () => {
    for (; taken < PIECES; taken++) await writer.write(new Uint8Array(PIECE));
  })();
  const waits = (await untilStill(control, () => taken)) < PIECES;
  await control.ask('read');
  await writing;
  const received = await ask('end');
  return { waits, received: Number(received) - 'end'.length };
}

/** Leaves what comes unread, until the peer can send nothing more; then reads. */
async function receiveSlowly({ reader, writer }, control) {
  await writer.write(JSON.stringify([PIECE, PIECES]));
  const waits = (await untilStill(control, async () => Number(await control.ask('count')))) < PIECES;
  let received = 0;
  for (let i = 0; i < PIECES; i++) received += (await reader.read()).value.length;
  return { waits, received };
}

/** Waits until a number that has begun to rise stays as it is while much else goes to and fro. */
async function untilStill(control, count) {
  let last = 0;
  for (let still = 0; still < 20; ) {
    for (let i = 0; i < 5; i++) await control.ask('');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = await count();
    still = now > 0 && now === last ? still + 1 : 0;
    last = now;
  }
  return last;
}

function isSame(received, sent) {
  if (typeof sent === 'string') return received === sent;
  return received.length === sent.length && received.every((byte, i) => byte === sent[i]);
}

const { Deno } = globalThis;
if (Deno !== undefined) {
  const [url, hash] = Deno.args;
  console.log(JSON.stringify(await converse({ url, hash: JSON.parse(hash) })));
  Deno.exit();
}
