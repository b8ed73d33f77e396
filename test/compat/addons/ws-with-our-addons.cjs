// `ws`, with our packages where it asks for its native ones: an echo of masked messages of many lengths. Prints how often `ws`
// called them, and how many answers were right.

const Module = require('node:module');
const buffer = require('node:buffer');

const { _resolveFilename } = Module;
const ours = new Map(['bufferutil', 'utf-8-validate'].map((name) => [name, require.resolve(`wsimd/${name}`)]));
Module._resolveFilename = (request, ...rest) =>
  ours.get(request) ?? Reflect.apply(_resolveFilename, Module, [request, ...rest]);

// Counted where `ws` gets them: what it was given is called, or is not.
const counts = { mask: 0, unmask: 0, isValidUTF8: 0 };
const { _load } = Module;
Module._load = (request, ...rest) => {
  const loaded = Reflect.apply(_load, Module, [request, ...rest]);
  if (request === 'bufferutil') {
    return {
      mask: (...args) => {
        counts.mask++;
        loaded.mask(...args);
      },
      unmask: (...args) => {
        counts.unmask++;
        loaded.unmask(...args);
      },
    };
  }
  if (request === 'utf-8-validate') {
    return (bytes) => {
      counts.isValidUTF8++;
      return loaded(bytes);
    };
  }
  // As on a Node without isUtf8: else `ws` does not ask for utf-8-validate.
  if (request === 'buffer') return { ...buffer, isUtf8: undefined };
  return loaded;
};

const { WebSocket, WebSocketServer } = require('ws');

const LENGTHS = [0, 1, 50, 125, 126, 1000, 70_000];
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`, { perMessageDeflate: false });
  const sent = LENGTHS.flatMap((length) => ['é'.repeat(length), Buffer.alloc(length, 'bytes')]);
  let right = 0;
  let received = 0;
  client.on('open', () => {
    for (const data of sent) client.send(typeof data === 'string' ? data : Buffer.from(data));
  });
  client.on('message', (data) => {
    if (Buffer.from(sent[received++]).equals(data)) right++;
    if (received < sent.length) return;
    console.log(JSON.stringify({ right, of: sent.length, ...counts }));
    client.terminate();
    server.close();
  });
});
server.on('connection', (socket) => {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
