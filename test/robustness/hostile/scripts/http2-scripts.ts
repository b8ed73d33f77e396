// Hostile peers of a server on HTTP/2 (RFC 8441).

import { constants } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { Peer, wire as toBytes } from '../../../support/frames/wire.js';
import { onHttp2, type Script } from './script.js';

const peer = new Peer('server');
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const { NGHTTP2_CANCEL, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;
const CODES = [NGHTTP2_CANCEL, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR];

const NODE_VERSION = Number(process.versions.node.split('.')[0]);

const scripts: readonly Script[] = [
  {
    name: 'reset of the stream at each stage',
    does: 'sends an extended CONNECT and RST_STREAM, with each code, after 0 to 60 ms',
    run: async (target) => {
      const session = await target.session();
      for (const delay of [0, 0, 1, 5, 20, 39, 41, 60]) {
        for (const code of CODES) {
          const stream = target.connect(session);
          if (delay > 0) await sleep(delay / CODES.length);
          stream.close(code);
        }
      }
      await sleep(100);
    },
  },
  {
    name: 'refused late, stream gone before',
    does: 'resets the stream while `verifyClient` thinks about it, refused or not',
    run: async (target) => {
      const session = await target.session();
      for (const path of ['/refuse', '/accept', '/twice']) {
        const stream = target.connect(session, target.configuration.verifiesLate ? path : undefined);
        await sleep(10);
        stream.close(NGHTTP2_CANCEL);
      }
      await sleep(150);
    },
  },
  {
    name: 'refused late, session gone before',
    does: 'destroys the session while `verifyClient` thinks about it',
    run: async (target) => {
      for (const path of ['/refuse', '/accept', '/twice']) {
        const session = await target.session();
        target.connect(session, target.configuration.verifiesLate ? path : undefined);
        await sleep(10);
        session.destroy();
      }
      await sleep(150);
    },
  },
  {
    name: 'answered twice over HTTP/2',
    does: 'meets a program whose `verifyClient` calls back twice',
    run: async (target) => {
      const session = await target.session();
      const stream = target.connect(session, target.configuration.verifiesLate ? '/twice' : undefined);
      await target.status(stream);
      await sleep(50);
    },
  },
  {
    name: 'rapid reset',
    does: 'opens and resets 300 streams',
    run: async (target) => {
      const session = await target.session();
      for (let i = 0; i < 300 && !session.destroyed; i++) {
        target.connect(session).close(NGHTTP2_CANCEL);
        if (i % 50 === 0) await sleep(1);
      }
      await sleep(100);
    },
  },
  {
    name: 'session destroyed under streams',
    does: 'destroys the session while ten WebSockets echo',
    run: async (target) => {
      const session = await target.session();
      const streams = Array.from({ length: 10 }, () => target.connect(session));
      for (const stream of streams) {
        stream.write(toBytes(peer.binary(new Uint8Array(50_000))));
        stream.resume();
      }
      await sleep(60);
      session.destroy();
      await sleep(50);
    },
  },
  {
    name: 'end in the request',
    does: 'ends its side of the stream with the CONNECT, and behind it',
    run: async (target) => {
      const session = await target.session();
      for (const delay of [0, 10, 60]) {
        const stream = target.connect(session);
        stream.resume();
        if (delay > 0) await sleep(delay);
        stream.end();
        await target.status(stream);
        stream.close();
      }
    },
  },
  {
    name: 'data before the answer',
    does: 'sends frames, and garbage, before the server has answered',
    run: async (target) => {
      const session = await target.session();
      for (const bytes of [toBytes(peer.text('early')), Buffer.alloc(100, 0xff)]) {
        const stream = target.connect(session);
        stream.write(bytes);
        stream.resume();
        await target.status(stream);
        await sleep(20);
        stream.close(NGHTTP2_CANCEL);
      }
    },
  },
  {
    name: 'another protocol',
    does: 'sends an extended CONNECT for `connect-udp`, and a plain CONNECT',
    run: async (target) => {
      const session = await target.session();
      const other = target.connect(session, undefined, { ':protocol': 'connect-udp' });
      // Beside another listener it may be that one's to answer.
      if (!target.configuration.isBeside) await target.status(other);
      const plain = session.request({ ':method': 'CONNECT', ':authority': 'example.com:443' });
      plain.on('error', () => {});
      await sleep(50);
      session.destroy();
    },
  },
  {
    name: 'third path over HTTP/2',
    does: 'asks for a path that nobody knows: it must be answered',
    run: async (target) => {
      if (!target.configuration.isBeside) return;
      const session = await target.session();
      await target.status(target.connect(session, '/nobody'));
      const stream = target.connect(session, '/nobody');
      stream.close(NGHTTP2_CANCEL);
      await sleep(50);
    },
  },
  {
    name: 'bad handshake headers',
    does: 'sends no version, a wrong one, bad extensions, and 200 headers',
    run: async (target) => {
      const session = await target.session();
      const flood = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, 'x'.repeat(50)]));
      const bad = [
        ...[{ 'sec-websocket-version': '8' }, { 'sec-websocket-extensions': 'permessage-deflate; x="' }, flood],
        ...[{ 'sec-websocket-protocol': 'a, a' }, { 'sec-websocket-key': 'abc' }, { ':scheme': 'https' }],
      ];
      for (const headers of bad) {
        const stream = target.connect(session, undefined, headers);
        await target.status(stream);
        stream.close(NGHTTP2_CANCEL);
      }
    },
  },
  {
    name: 'garbage on the HTTP/2 port',
    does: 'sends HTTP/1.1, noise, a preface with noise behind it, and half a frame',
    run: async (target) => {
      const openings = [
        ...['GET / HTTP/1.1\r\nHost: x\r\n\r\n', Buffer.alloc(200, 0xff)],
        ...[Buffer.concat([PREFACE, Buffer.alloc(100, 0xff)]), Buffer.concat([PREFACE, Buffer.from('000010', 'hex')])],
      ];
      for (const bytes of openings) {
        const wire = target.open();
        wire.write(bytes);
        await sleep(50);
        wire.reset();
      }
    },
  },
  {
    name: 'settings and ping flood',
    does: 'sends 500 SETTINGS and 500 PING frames, and resets',
    run: async (target) => {
      const wire = target.open();
      const settings = Buffer.from('000000040000000000', 'hex');
      const ping = Buffer.from('0000080600000000000102030405060708', 'hex');
      wire.write(Buffer.concat([PREFACE, ...Array.from({ length: 500 }, () => Buffer.concat([settings, ping]))]));
      await sleep(100);
      wire.reset();
    },
  },
  {
    name: 'headers that are no headers',
    does: 'sends a HEADERS frame whose HPACK block is broken',
    // Without wsimd too, Node 20 keeps the socket of such a session for ever.
    runsOn: (configuration) => onHttp2(configuration) && NODE_VERSION >= 22,
    run: async (target) => {
      const wire = target.open();
      const settings = Buffer.from('000000040000000000', 'hex');
      const headers = Buffer.from('00000501040000000182ffffffff', 'hex');
      wire.write(Buffer.concat([PREFACE, settings, headers]));
      await sleep(50);
      wire.reset();
    },
  },
];

export const HTTP2_SCRIPTS: readonly Script[] = scripts.map((script) => ({ runsOn: onHttp2, ...script }));
