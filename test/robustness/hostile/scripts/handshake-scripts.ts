// Hostile peers before and during the handshake of HTTP/1.1, over TCP and TLS.

import { setTimeout as sleep } from 'node:timers/promises';
import { Peer, stream } from '../../../support/frames/wire.js';
import { onHttp1, type Script } from './script.js';
import type { Target, Wire } from './target.js';

const peer = new Peer('server');
const HELLO = stream(peer.text('hello'), peer.ping('?'));

/** Sends these bytes on a fresh connection and waits until the server has ended it. */
const refused = (name: string, does: string, bytes: (target: Target) => string | Uint8Array): Script => ({
  ...{ name, does },
  run: async (target) => {
    const wire = target.open();
    wire.write(bytes(target));
    await wire.head();
    wire.end();
    await wire.ended();
  },
});

/** Sends a good request and leaves in a bad way, so many milliseconds later. */
const leaves = (name: string, does: string, leave: (wire: Wire) => void, delays: readonly number[]): Script => ({
  ...{ name, does },
  run: async (target) => {
    for (const delay of delays) {
      const wire = target.open();
      wire.write(target.request());
      if (delay < 0) await wire.head();
      else await sleep(delay);
      leave(wire);
      await sleep(5);
    }
    await sleep(100);
  },
});

const changed = (target: Target, change: (request: string) => string) => change(target.request());
const withLines =
  (...lines: string[]) =>
  (target: Target) =>
    target.request({ lines });

/** A third path, which neither server on the port knows. */
const onThirdPath = (name: string, does: string, leave: (wire: Wire) => void | Promise<void>): Script => ({
  ...{ name, does, runsOn: (configuration) => onHttp1(configuration) && configuration.isBeside },
  run: async (target) => {
    const wire = target.open();
    wire.write(target.request({ target: '/nobody' }));
    await sleep(50);
    await leave(wire);
  },
});

export const HANDSHAKE_SCRIPTS: readonly Script[] = [
  refused('garbage', 'sends bytes that are no HTTP', () => Buffer.from('ff00fe01'.repeat(200), 'hex')),
  refused('binary request line', 'sends NUL and CR bytes in the request line', () => 'GET /\0\r\r\n HTTP/1.1\r\n\r\n'),
  {
    name: 'wrong layer',
    does: 'speaks TLS to a plain port, and plain text to a TLS port',
    run: async (target) => {
      const wire = target.open({ isSecure: target.configuration.transport === 'tcp' });
      wire.write(target.request());
      await sleep(100);
      wire.reset();
    },
  },
  refused('long target', 'asks for a target of 100 KB', (target) =>
    changed(target, (request) => request.replace('GET /', `GET /${'a'.repeat(100_000)}`)),
  ),
  refused('header flood', 'sends 3,000 headers', withLines(...Array.from({ length: 3000 }, (_, i) => `X-${i}: x`))),
  refused(
    'extension flood',
    'offers 300 extensions',
    withLines(...Array.from({ length: 300 }, (_, i) => `Sec-WebSocket-Extensions: x-${i}; a=1; b="2"`)),
  ),
  refused(
    'bad extensions',
    'offers permessage-deflate with parameters that break the rules',
    withLines(
      'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7; server_max_window_bits=99, ;;,=',
    ),
  ),
  refused(
    'unclosed quote',
    'leaves a quoted parameter of an extension open',
    withLines('Sec-WebSocket-Extensions: x; a="b\\'),
  ),
  refused(
    'protocol flood',
    'offers 500 subprotocols, and one twice',
    withLines(`Sec-WebSocket-Protocol: ${Array.from({ length: 500 }, (_, i) => `p${i}`).join(', ')}, p1`),
  ),
  refused('bad key', 'sends a key of three bytes', (target) =>
    changed(target, (request) => request.replace(/Sec-WebSocket-Key: .*\r\n/, 'Sec-WebSocket-Key: abc\r\n')),
  ),
  refused('two keys', 'sends two different keys', withLines('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==')),
  refused('old version', 'asks for version 8', (target) =>
    changed(target, (request) => request.replace('Version: 13', 'Version: 8')),
  ),
  refused('POST', 'upgrades with a POST that has a body', (target) =>
    changed(target, (request) => `${request.replace('GET', 'POST').replace('Host', 'Content-Length: 5\r\nHost')}hello`),
  ),
  refused('HTTP/1.0', 'upgrades with HTTP/1.0', (target) =>
    changed(target, (request) => request.replace('HTTP/1.1', 'HTTP/1.0')),
  ),
  refused('another upgrade', 'upgrades to h2c', (target) =>
    changed(target, (request) => request.replace('Upgrade: websocket', 'Upgrade: h2c')),
  ),
  refused('odd targets', 'asks for `*`, which is no path', (target) => target.request({ target: '*' })),
  refused('bad URL', 'asks for a target that no URL parser takes', (target) => target.request({ target: '//[' })),
  {
    name: 'slowloris',
    does: 'sends a request byte by byte, and never finishes it',
    run: async (target) => {
      const wire = target.open();
      for (const byte of target.request().slice(0, 60)) {
        wire.write(byte);
        await sleep(10);
      }
      wire.reset();
    },
  },
  {
    name: 'half a request',
    does: 'sends half a request, and ends or resets the connection',
    run: async (target) => {
      for (const leave of ['end', 'reset', 'destroy'] as const) {
        const wire = target.open();
        wire.write(target.request().slice(0, 70));
        await sleep(20);
        wire[leave]();
        if (leave === 'end') await wire.ended();
      }
    },
  },
  {
    name: 'no request',
    does: 'connects and resets at once, 50 times',
    run: async (target) => {
      for (let i = 0; i < 50; i++) {
        const wire = target.open();
        await sleep(1);
        wire.reset();
      }
    },
  },
  {
    name: 'half-open TLS',
    does: 'begins a TLS handshake, sends nothing more, and resets',
    runsOn: ({ transport }) => transport === 'tls',
    run: async (target) => {
      const wire = target.open({ isSecure: false });
      wire.write(Buffer.from('1603010200010001fc0303', 'hex'));
      await sleep(200);
      wire.reset();
      const other = target.open({ isSecure: false });
      other.write(Buffer.from('1603010005ffffffffff', 'hex'));
      await other.ended();
    },
  },
  leaves(
    'reset in the handshake',
    'resets the connection at each stage of the handshake',
    (wire) => wire.reset(),
    [0, 0, 1, 5, 20, 39, 41, 60, -1],
  ),
  leaves(
    'end in the handshake',
    'ends its side at each stage of the handshake',
    (wire) => wire.end(),
    [0, 1, 5, 20, 41, 60, -1],
  ),
  {
    name: 'frames behind the request',
    does: 'sends frames in the same packet as the request, then resets',
    run: async (target) => {
      const wire = target.open();
      wire.write(Buffer.concat([Buffer.from(target.request()), HELLO, HELLO.subarray(0, 3)]));
      await wire.head();
      wire.reset();
    },
  },
  {
    name: 'a second request',
    does: 'sends a second handshake behind the first, in the place of frames',
    run: async (target) => {
      const wire = target.open();
      wire.write(target.request() + target.request());
      await wire.ended();
    },
  },
  {
    name: 'refused late, gone before',
    does: 'resets or ends the connection while `verifyClient` thinks about it',
    runsOn: (configuration) => onHttp1(configuration) && configuration.verifiesLate,
    run: async (target) => {
      for (const path of ['/refuse', '/accept', '/twice']) {
        for (const leave of ['reset', 'end', 'destroy'] as const) {
          const wire = target.open();
          wire.write(target.request({ target: path }));
          await sleep(15);
          wire[leave]();
        }
      }
      await sleep(150);
    },
  },
  {
    name: 'answered twice',
    does: 'meets a program whose `verifyClient` calls back twice',
    runsOn: (configuration) => onHttp1(configuration) && configuration.verifiesLate,
    run: async (target) => {
      const wire = target.open();
      wire.write(target.request({ target: '/twice' }));
      await wire.head();
      await sleep(30);
      wire.reset();
    },
  },
  {
    name: 'handed over late, gone before',
    does: 'resets or ends the connection before the program calls `handleUpgrade`',
    runsOn: (_configuration, name) => name === 'noServer',
    run: async (target) => {
      for (const leave of ['reset', 'end', 'destroy'] as const) {
        const wire = target.open();
        wire.write(target.request({ target: '/late' }));
        await sleep(15);
        wire[leave]();
      }
      await sleep(100);
    },
  },
  onThirdPath('third path, reset', 'asks for a path that no listener knows, and resets', async (wire) => {
    wire.reset();
    // The server's socket, if nobody answered, learns of it a little later.
    await sleep(50);
  }),
  onThirdPath(
    'third path, end',
    'asks for a path that no listener knows, and ends its side: the server must too',
    async (wire) => {
      wire.end();
      await wire.ended();
    },
  ),
  onThirdPath('third path, waits', 'asks for a path that no listener knows, and waits for an answer', async (wire) => {
    await wire.head();
    wire.end();
    await wire.ended();
  }),
  {
    name: 'header injection',
    does: 'sends text that a program puts into the `headers` event: CR LF, and characters whose low byte is CR or LF',
    runsOn: (_configuration, name) => name === 'headers from the request',
    run: async (target) => {
      for (const value of [
        'a\r\nX-Injected: 1',
        'a\nX-Injected: 1',
        'a\u010d\u010aX-Injected: 1',
        'a\r\n\r\nX-Injected: 1',
      ]) {
        const wire = target.open();
        wire.write(target.request({ target: `/?user=${encodeURIComponent(value)}` }));
        const head = await wire.head();
        await sleep(20);
        const all = head + wire.received.toString('latin1');
        wire.reset();
        if (/[\r\n]X-Injected/.test(all)) throw new Error(`${JSON.stringify(value)} has split the response`);
      }
    },
  },
];
