// A Worker that speaks WebSocket over raw TCP, where `fetch` cannot take it: GET /?to=ws://host:port/path&say=hello opens a
// connection by `cloudflare:sockets`, says it, and answers with what comes back. POST / takes frames apart: the body is the
// bytes of one direction, the answer one line of JSON a frame. Deploy it with wrangler, which bundles it.

import { connect } from 'cloudflare:sockets';
import { FrameDecoder } from 'wsimd';
import { connectWebSocket } from 'wsimd/web';

export default {
  async fetch(request) {
    try {
      if (request.method === 'POST') return new Response(request.body.pipeThrough(frameLines()));
      const query = new URL(request.url).searchParams;
      return await say(new URL(query.get('to')), query.get('say') ?? 'hello');
    } catch (error) {
      return new Response(`${error.code ?? error.name}: ${error.message}\n`, { status: 502 });
    }
  },
};

async function say(url, text) {
  const streams = connect({ hostname: url.hostname, port: Number(url.port || 80) });
  const socket = connectWebSocket(streams, { url });
  const { readable, writable } = await socket.opened;
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const [{ value }] = await Promise.all([reader.read(), writer.write(text)]);
  socket.close({ closeCode: 1000, reason: 'that was all' });
  // The messages behind it are read and dropped, so that the Close frame can be seen.
  reader.releaseLock();
  readable.pipeTo(new WritableStream()).catch(() => {});
  const { closeCode } = await socket.closed;
  return Response.json({ received: value, closeCode });
}

/** Bytes in, lines out. The decoder sees chunks cut anywhere. */
function frameLines() {
  const decoder = new FrameDecoder({ role: 'observer' });
  const encoder = new TextEncoder();
  return new TransformStream({
    transform(chunk, controller) {
      const { frames, error } = decoder.decodeFrames(chunk);
      const lines = frames.map(({ opcode, fin, masked, payload }) => ({ opcode, fin, masked, length: payload.length }));
      if (error !== undefined) lines.push({ error: error.code, offset: error.offset });
      for (const line of lines) controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
    },
  });
}
