// What must hold on every runtime, without a test runner: the built package, both kernels, the core, the handshake and
// compression. Prints one line, or throws. `node smoke.mjs [kernel that must be chosen by itself]`

import { PerMessageDeflate } from '../../build/src/deflate/index.js';
import {
  acceptKey,
  checkRequest,
  checkResponse,
  createRequest,
  encodeLatin1,
  parseRequestHead,
  parseResponseHead,
  writeResponse,
} from '../../build/src/handshake/index.js';
import {
  Connection,
  FrameDecoder,
  isValidUtf8,
  mask,
  ProtocolError,
  selectKernel,
  unmask,
} from '../../build/src/index.js';

function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

const { kernel: chosen, reason } = selectKernel();
const wanted = globalThis.process?.argv[2] ?? globalThis.Deno?.args[0];
if (wanted) equal(chosen.name, wanted, `the kernel chosen (${reason})`);

equal(acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 'acceptKey');
const request = createRequest({ url: 'ws://example.com/chat?x=1', protocols: ['a', 'b'] });
const verdict = checkRequest(parseRequestHead(encodeLatin1(request.head)), { protocols: ['b'] });
equal([verdict.ok, verdict.path, verdict.protocol], [true, '/chat?x=1', 'b'], 'checkRequest');
equal(checkResponse(parseResponseHead(encodeLatin1(writeResponse(verdict))), request).protocol, 'b', 'checkResponse');

equal([isValidUtf8(Uint8Array.of(0xe2, 0x82, 0xac)), isValidUtf8(Uint8Array.of(0xc0, 0x80))], [true, false], 'UTF-8');
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
const key = Uint8Array.of(1, 2, 3, 4);
const masked = new Uint8Array(1000);
mask(bytes, key, masked, 0, 1000);
equal([masked[0], masked[999]], [1, (999 & 255) ^ 4], 'mask');
unmask(masked, key);
equal([...masked], [...bytes], 'unmask');

// Where the portable kernel is what must be chosen, the other cannot run.
const kernels = wanted === 'portable' ? ['portable'] : ['wasm', 'portable'];
for (const [kernel, isCompressed] of kernels.flatMap((name) => [
  [name, false],
  [name, true],
])) {
  const deflate = new PerMessageDeflate({ kernel });
  const offer = deflate.offer();
  const answer = isCompressed ? deflate.answer(offer) : [];
  const client = new Connection({ role: 'client', kernel }, deflate.forClient(answer, offer));
  const server = new Connection({ role: 'server', kernel }, deflate.forServer(answer));
  equal(deflate.kernelName, isCompressed ? kernel : undefined, 'deflate.kernelName');
  equal([client.kernelName, server.kernelName], [kernel, kernel], 'kernelName');
  const texts = ['', 'ascii', 'é漢🎉', 'x'.repeat(126), '漢字🎉'.repeat(30_000)];
  for (const text of texts) client.sendText(text);
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 300_000];
  for (const size of sizes) client.sendBinary(new Uint8Array(size).fill(size));
  client.startMessage('text', 'frag');
  client.ping('?');
  client.sendFragment('ment', true);
  client.close(4000, 'bye');
  const wire = client.takeOutgoing();
  equal(wire.length < 20_000, isCompressed, 'compressed');
  const events = [];
  for (let at = 0; at < wire.length; at += 7919) events.push(...server.receive(wire.slice(at, at + 7919)));
  const got = events.map((event) => event.text ?? event.data?.length ?? event.closeCode ?? event.type);
  equal(got, [...texts, ...sizes, 'ping', 'fragment', 4000], `events on ${kernel}`);
  equal(
    events
      .filter((event) => event.type === 'binary')
      .every(({ data }) => data.every((byte) => byte === (data.length & 255))),
    true,
    'binary payloads',
  );
  equal(
    client.receive(server.takeOutgoing()).map(({ type }) => type),
    ['pong', 'close'],
    'answers',
  );
  equal([client.state, server.state], ['closed', 'closed'], 'states');
  equal(deflate.poolUse.usedLength, 0, 'poolUse');

  const frames = new FrameDecoder({ role: 'server', kernel });
  frames.push(Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0x68, 0xff));
  let code;
  try {
    frames.next();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    code = [error.code, error.closeCode, error.offset];
  }
  equal(code, ['WSIMD_INVALID_UTF8', 1007, 7], 'the error');
}

const { Deno, Bun, process } = globalThis;
const runtime = Deno ? `Deno ${Deno.version.deno}` : Bun ? `Bun ${Bun.version}` : `Node ${process?.version}`;
console.log(`${runtime}: ${kernels.join(' and ')} pass; ${chosen.name} serves, since ${reason}`);
