// A Worker that talks to a WebSocket server over TCP, by `cloudflare:sockets`. The request says which server, as ?port=, and
// whether to compress, as &deflate; the answer is what came of it.

import { connect } from 'cloudflare:sockets';
import { PerMessageDeflate } from '../../../build/src/workerd/deflate.js';
import { connectWebSocket } from '../../../build/src/workerd/web.js';

export default {
  async fetch(request) {
    const query = new URL(request.url).searchParams;
    const options = query.has('deflate') ? { perMessageDeflate: new PerMessageDeflate({ kernel: 'wasm' }) } : {};
    try {
      return Response.json(await converse(Number(query.get('port')), { kernel: 'wasm', ...options }));
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};

async function converse(port, options) {
  const dial = (more) => {
    const streams = connect({ hostname: '127.0.0.1', port });
    return connectWebSocket(streams, { url: `ws://127.0.0.1:${port}/`, protocols: ['test'], ...options, ...more });
  };
  const open = async () => {
    const socket = dial();
    const { readable, writable, protocol, extensions } = await socket.opened;
    return { socket, reader: readable.getReader(), writer: writable.getWriter(), agreed: { protocol, extensions } };
  };
  const { socket, reader, writer, agreed } = await open();
  const noise = new Uint8Array(1024 * 1024);
  for (let at = 0; at < noise.length; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
  const messages = ['', 'Grüße 漢字 🙂', new Uint8Array(0), 'long '.repeat(250_000), noise];
  const sending = Promise.all(messages.map((message) => writer.write(message)));
  const same = [];
  for (const message of messages) same.push(isSame((await reader.read()).value, message));
  await sending;
  socket.close({ closeCode: 4000, reason: 'bye' });
  const byUs = { done: (await reader.read()).done, ...(await socket.closed) };

  const other = await open();
  await other.writer.write('close');
  const byServer = { done: (await other.reader.read()).done, ...(await other.socket.closed) };

  const heard = [];
  const listening = dial({
    onMessage(message, each) {
      heard.push(message);
      each.close({ closeCode: 4002, reason: 'heard' });
    },
  });
  await listening.opened;
  listening.send('hello');
  const byListener = { ...(await listening.closed), heard };
  return { ...agreed, same, byUs, byServer, byListener };
}

function isSame(received, sent) {
  if (typeof sent === 'string') return received === sent;
  return received.length === sent.length && received.every((byte, i) => byte === sent[i]);
}
