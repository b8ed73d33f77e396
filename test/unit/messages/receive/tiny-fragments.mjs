// What a message of tiny fragments holds while it is under way, and what it costs to ask for that. A child of fragments.test.ts, so
// that nothing else is on the heap. Argument: the folder of the compiled sources.

import { performance } from 'node:perf_hooks';

const { MessageDecoder } = await import(`${process.argv[2]}/index.js`);
const COUNT = 960_000;
const PER_CHUNK = 9_000;

function held() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const decoder = new MessageDecoder({ role: 'client' });
decoder.separatesFragments = true;
const chunk = () => {
  const bytes = new Uint8Array(3 * PER_CHUNK);
  for (let i = 0; i < bytes.length; i += 3) bytes.set([0, 1, 0x61], i);
  return bytes;
};
decoder.decode(Uint8Array.of(2, 1, 0x61));
const before = held();
for (let i = 0; i < COUNT; i += PER_CHUNK) decoder.decode(chunk());
const bytes = held() - before;
const start = performance.now();
let asked = 0;
for (let i = 0; i < 100; i++) asked += decoder.bufferedLength;
const microseconds = ((performance.now() - start) * 1000) / 100;
const [event] = decoder.decode(Uint8Array.of(0x80, 1, 0x62));
console.log(
  JSON.stringify({ bytes, charged: asked / 100, microseconds, type: event.type, count: event.fragments?.length }),
);
