// What a program does with the package, whatever has bundled it and wherever it runs: a handshake, and messages through two
// connections, with and without compression. It names the package as its users do.

import { Connection, ProtocolError, selectKernel } from 'wsimd';
import { PerMessageDeflate } from 'wsimd/deflate';
import {
  checkRequest,
  checkResponse,
  createRequest,
  encodeLatin1,
  parseRequestHead,
  parseResponseHead,
  writeResponse,
} from 'wsimd/handshake';
import { ConnectedPair } from 'wsimd/testing';
import { acceptWebSocket } from 'wsimd/web';

/** @returns which kernels served and why, and what arrived */
export function roundTrip() {
  const { kernel, reason } = selectKernel();
  const deflate = new PerMessageDeflate({ poolLength: 1 << 20 });
  const offer = deflate.offer();
  const answer = deflate.answer(offer);
  return {
    kernel: kernel.name,
    reason,
    handshake: shakeHands(),
    plain: talk(undefined, undefined),
    deflated: talk(deflate.forClient(answer, offer), deflate.forServer(answer)),
    deflateKernel: deflate.kernelName,
    web: typeof acceptWebSocket,
    pair: talkInMemory(deflate),
  };
}

function shakeHands() {
  const request = createRequest({ url: 'ws://example.com/chat', protocols: ['a', 'b'] });
  const accepted = checkRequest(parseRequestHead(encodeLatin1(request.head)), { protocols: ['b'] });
  const verdict = checkResponse(parseResponseHead(encodeLatin1(writeResponse(accepted))), request);
  try {
    parseRequestHead(encodeLatin1('no head'));
  } catch (error) {
    // There is one class of errors, whichever entry throws it.
    return { protocol: verdict.protocol, error: error instanceof ProtocolError && error.code };
  }
}

function talk(clientCompression, serverCompression) {
  const client = new Connection({ role: 'client' }, clientCompression);
  const server = new Connection({ role: 'server' }, serverCompression);
  client.sendText('Grüße 漢字 '.repeat(100));
  client.sendBinary(new Uint8Array(100_000).fill(7));
  client.close(1000, 'done');
  const wire = client.takeOutgoing();
  const received = server.receive(wire).map((event) => {
    if (event.type === 'text') return event.text === 'Grüße 漢字 '.repeat(100) ? 'text' : 'another text';
    if (event.type === 'binary') return event.data.every((byte) => byte === 7) ? event.data.length : 'other bytes';
    return event.type === 'close' ? event.reason : event.type;
  });
  return { received, isShort: wire.length < 2000 };
}

/** The test kit: two connections that it joins. */
function talkInMemory(deflate) {
  const pair = new ConnectedPair({ perMessageDeflate: { client: deflate, server: deflate }, toServer: { split: 3 } });
  pair.client.connection.sendText('Grüße 漢字');
  pair.settle();
  return pair.server.texts.join();
}
