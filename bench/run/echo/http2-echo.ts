// Echo over HTTP/2 (RFC 8441) against echo over HTTP/1.1, both by our server and our client: there is no other server to compare
// with. `node build/bench/http2-echo.js [rounds]` prints the server's processor time a message. Streams share one HTTP/2
// connection, as those of a browser do.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { WebSocket } from '../../../src/node/index.js';
import { cpuTime } from './process-figures.js';

const STREAMS = 64;
const SIZES = [64, 1024, 16 * 1024];
const IN_FLIGHT = [1, 16];
const WARMUP = 200;
const WINDOW = 500;

const rounds = Number(process.argv[2] ?? 5);
const server = spawn(process.execPath, [fileURLToPath(new URL('servers/http2.js', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
process.on('exit', () => server.kill('SIGKILL'));
const [line] = (await once(server.stdout, 'data')) as [Buffer];
const [port1, port2] = String(line).split(' ').map(Number);

/** @returns nanoseconds of the server's processor time for a message */
async function measure(isHttp2: boolean, size: number, inFlight: number): Promise<number> {
  const session = isHttp2 ? connect(`http://127.0.0.1:${port2}`) : undefined;
  if (session !== undefined) await once(session, 'remoteSettings');
  const url = `ws://127.0.0.1:${isHttp2 ? port2 : port1}`;
  const options = { perMessageDeflate: false, ...(session === undefined ? {} : { session }) };
  const clients = Array.from({ length: STREAMS }, () => new WebSocket(url, options));
  await Promise.all(clients.map((client) => once(client, 'open')));
  let messages = 0;
  const payload = Buffer.alloc(size, 'x');
  for (const client of clients) {
    client.on('message', (data: Buffer) => {
      if (data.length !== size) throw new Error(`${data.length} bytes came back instead of ${size}`);
      messages++;
      client.send(payload);
    });
    for (let i = 0; i < inFlight; i++) client.send(payload);
  }
  await sleep(WARMUP);
  const before = { messages, cpu: cpuTime(server.pid!) };
  await sleep(WINDOW);
  const nanoseconds = (cpuTime(server.pid!) - before.cpu) / (messages - before.messages);
  for (const client of clients) client.terminate();
  await Promise.all(clients.map((client) => (client.readyState === client.CLOSED ? undefined : once(client, 'close'))));
  session?.destroy();
  return nanoseconds;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

console.log(`${STREAMS} streams, ${rounds} rounds; the server's processor time a message`);
for (const inFlight of IN_FLIGHT) {
  for (const size of SIZES) {
    const samples: { http1: number; http2: number }[] = [];
    for (let round = -1; round < rounds; round++) {
      const sample = { http1: await measure(false, size, inFlight), http2: await measure(true, size, inFlight) };
      if (round >= 0) samples.push(sample);
    }
    const http1 = median(samples.map((sample) => sample.http1)) / 1000;
    const http2 = median(samples.map((sample) => sample.http2)) / 1000;
    const ratio = median(samples.map((sample) => sample.http2 / sample.http1));
    console.log(
      `${inFlight} in flight, ${size} B: HTTP/1.1 ${http1.toFixed(1)} µs, HTTP/2 ${http2.toFixed(1)} µs, ${ratio.toFixed(2)} times`,
    );
  }
}
server.stdin.end();
process.exit();
