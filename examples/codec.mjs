// The bare codec, on any runtime: two connections without a socket between them, and the frames that they exchange.

import { Connection, FrameDecoder } from 'wsimd';

const client = new Connection({ role: 'client' });
const server = new Connection({ role: 'server' });

client.sendText('hello');
client.close(1000, 'done');
const bytes = client.takeOutgoing();

const frames = new FrameDecoder({ role: 'server' });
frames.push(bytes);
while (frames.next())
  console.log('frame: opcode', frames.opcode, 'of', frames.payloadLength, 'bytes, key', frames.maskingKey);

for (const event of server.receive(bytes)) {
  if (event.type === 'text') console.log('text:', event.text);
  if (event.type === 'close') console.log('close:', event.closeCode, event.reason);
}
console.log('the server replied with', server.outgoingLength, 'bytes and is', server.state);
