// What hostile peers do, and what must come of it. Each is bytes behind a handshake (or in the place of one), made once.

import { deflateRawSync } from 'node:zlib';
import { concat, type FrameOptions, Peer, stream, type WireFrame, wire } from '../../../support/frames/wire.js';
import { MAX_FRAGMENTS, MAX_PAYLOAD } from './limits.js';

export interface Attack {
  readonly name: string;
  readonly path: '/plain' | '/takeover' | '/fresh';
  /** In the place of a request; else a right one is sent. */
  readonly request?: string;
  /** Behind the handshake. */
  readonly bytes?: Uint8Array;
  /** How the bytes go out: at once; one by one; or over and over, without reading, until the socket is cut. */
  readonly how?: 'once' | 'byByte' | 'untilCut';
  /** What the peer does when all is sent: waits for the end, resets the connection, or says nothing more. */
  readonly after?: 'wait' | 'reset' | 'end' | 'mute';
  /** The code of the server's Close; `cut`: an end without one; `HTTP …`: a refusal; `gone`: whatever. */
  readonly outcome: string;
  /** How often it comes, against the others; default 10. */
  readonly weight?: number;
}

const peer = new Peer('server');
const bytesOf = (...frames: readonly WireFrame[]) => stream(...frames);
const zeros = (length: number) => new Uint8Array(length);

/** A frame of a compressed message; the empty block at its end is left out (RFC 7692 section 7.2.1). */
function compressed(opcode: number, data: Uint8Array, options: FrameOptions = {}): WireFrame {
  const bytes = deflateRawSync(data, { finishFlush: 2 });
  return peer.frame(opcode, bytes.subarray(0, -4), { rsv: 4, ...options });
}

function failing(name: string, closeCode: number, bytes: Uint8Array, path: Attack['path'] = '/plain'): Attack {
  return { name, path, bytes, outcome: String(closeCode) };
}

function resetting(name: string, bytes: Uint8Array, path: Attack['path'] = '/plain'): Attack {
  return { name, path, bytes, after: 'reset', outcome: 'gone' };
}

function refused(name: string, request: string, outcome: string): Attack {
  return { name, path: '/plain', request, outcome };
}

const GOOD_HEAD = 'GET /plain HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';
const KEY_LINE = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const VERSION_LINE = 'Sec-WebSocket-Version: 13\r\n';
const fragments = (count: number) => [
  peer.text('', { fin: false }),
  ...Array.from({ length: count }, () => peer.continuation('x', { fin: false })),
];
const message = peer.text('before the fault');

export const ATTACKS: readonly Attack[] = [
  // Frames that break a rule, most behind a message that does not.
  failing('RSV2', 1002, bytesOf(message, peer.text('x', { rsv: 2 }))),
  failing('RSV1 without an extension', 1002, bytesOf(peer.text('x', { rsv: 4 }))),
  failing(
    'RSV1 on a continuation',
    1002,
    concat(bytesOf(compressed(1, zeros(100), { fin: false })), bytesOf(peer.continuation('x', { rsv: 4 }))),
    '/takeover',
  ),
  failing('RSV1 on a ping', 1002, bytesOf(peer.frame(9, '', { rsv: 4 })), '/takeover'),
  failing('reserved opcode 3', 1002, bytesOf(message, peer.frame(3, 'x'))),
  failing('reserved opcode 11', 1002, bytesOf(message, peer.frame(11, 'x'))),
  failing('not masked', 1002, bytesOf(message, peer.text('x', { masked: false }))),
  failing('stray continuation', 1002, bytesOf(message, peer.continuation('x'))),
  failing('message in a message', 1002, bytesOf(peer.text('a', { fin: false }), peer.text('b'))),
  failing('ping of 126 bytes', 1002, bytesOf(peer.ping(zeros(126)))),
  failing('ping without FIN', 1002, bytesOf(peer.frame(9, '', { fin: false }))),
  failing('length of 5 in 16 bits', 1002, bytesOf(peer.binary('12345', { form: 16 }))),
  failing('length of 5 in 64 bits', 1002, bytesOf(peer.binary('12345', { form: 64 }))),
  failing('length of 2^63', 1002, bytesOf(peer.binary('', { claimed: 2n ** 63n }))),
  failing('length of 2^53', 1009, bytesOf(message, peer.binary('', { claimed: 2n ** 53n }))),
  failing('length of 2^32 + 3', 1009, bytesOf(peer.binary('', { claimed: 2n ** 32n + 3n }))),
  failing('one byte over the limit', 1009, bytesOf(peer.binary('', { claimed: BigInt(MAX_PAYLOAD + 1) }))),
  failing(
    'over the limit in fragments',
    1009,
    bytesOf(
      peer.binary(zeros(MAX_PAYLOAD / 2), { fin: false }),
      peer.continuation('', { claimed: BigInt(MAX_PAYLOAD / 2 + 1) }),
    ),
  ),
  failing('fragments without end', 1008, bytesOf(...fragments(MAX_FRAGMENTS + 5))),
  failing('close code 1005', 1002, bytesOf(peer.close(1005))),
  failing('Close of 1 byte', 1002, bytesOf(peer.close(undefined, [3]))),
  failing('no UTF-8', 1007, bytesOf(message, peer.text([0x61, 0xff, 0x62]))),
  failing(
    'no UTF-8 behind a cut character',
    1007,
    bytesOf(peer.text([0xe4, 0xb8], { fin: false }), peer.continuation([0x41])),
  ),
  failing('no UTF-8 in a reason', 1007, bytesOf(peer.close(1000, [0xc0, 0x80]))),
  // Compression.
  failing('bomb', 1009, bytesOf(compressed(2, zeros(32 * MAX_PAYLOAD))), '/takeover'),
  failing('bomb without takeover', 1009, bytesOf(compressed(2, zeros(32 * MAX_PAYLOAD))), '/fresh'),
  failing('no deflate', 1007, bytesOf(peer.binary([0xff, 0xff, 0xff], { rsv: 4 })), '/takeover'),
  failing('compressed, no UTF-8', 1007, bytesOf(compressed(1, Uint8Array.of(0x61, 0xff))), '/fresh'),
  // What is allowed, in a way that hurts.
  failing('hundreds of pings', 1000, bytesOf(...Array.from({ length: 500 }, () => peer.ping('')), peer.close(1000))),
  failing('thousands of pings', 1008, bytesOf(...Array.from({ length: 4000 }, () => peer.ping('')), peer.close(1000))),
  failing(
    'thousands of empty messages',
    1000,
    bytesOf(...Array.from({ length: 4000 }, () => peer.text('')), peer.close(1000)),
  ),
  { ...failing('byte by byte', 1000, bytesOf(peer.text('slow'), peer.ping('?'), peer.close(1000))), how: 'byByte' },
  failing('messages behind the Close', 1001, bytesOf(message, peer.close(1001), message, message)),
  {
    name: 'pings without reading',
    path: '/plain',
    bytes: bytesOf(...Array.from({ length: 2000 }, () => peer.ping(zeros(125)))),
    how: 'untilCut',
    outcome: 'cut',
    weight: 1,
  },
  {
    name: 'messages without reading',
    path: '/plain',
    bytes: wire(peer.binary(zeros(MAX_PAYLOAD / 2))),
    how: 'untilCut',
    outcome: 'cut',
    weight: 1,
  },
  // Ends in the middle.
  resetting('reset in a header', bytesOf(peer.binary(zeros(200))).subarray(0, 3)),
  resetting('reset in a message', bytesOf(peer.binary(zeros(100_000))).subarray(0, 70_000)),
  resetting('reset in a compressed message', bytesOf(compressed(2, zeros(50_000))).subarray(0, 20), '/takeover'),
  resetting('reset between fragments', bytesOf(peer.text('a', { fin: false }))),
  resetting('reset behind the Close', bytesOf(message, peer.close(1000))),
  resetting('reset at once', new Uint8Array(0)),
  {
    name: 'end in a message',
    path: '/plain',
    bytes: bytesOf(peer.binary(zeros(1000))).subarray(0, 500),
    after: 'end',
    outcome: 'cut',
  },
  // Handshakes.
  refused('garbage', `${'\u0000\u0001garbage'.repeat(20)}\r\n\r\n`, 'HTTP 400'),
  refused('TLS to a plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'HTTP 400'),
  refused('no key', `${GOOD_HEAD}${VERSION_LINE}\r\n`, 'HTTP 400'),
  refused('two keys', `${GOOD_HEAD}${KEY_LINE}${KEY_LINE}${VERSION_LINE}\r\n`, 'HTTP 400'),
  refused('version 12', `${GOOD_HEAD}${KEY_LINE}Sec-WebSocket-Version: 12\r\n\r\n`, 'HTTP 426'),
  refused('another path', `${GOOD_HEAD.replace('/plain', '/elsewhere')}${KEY_LINE}${VERSION_LINE}\r\n`, 'HTTP 400'),
  refused('headers of 64 KiB', `${GOOD_HEAD}${`X-Filler: ${'f'.repeat(4000)}\r\n`.repeat(16)}\r\n`, 'HTTP 431'),
  { ...refused('reset in a handshake', GOOD_HEAD, 'gone'), after: 'reset' },
  { ...refused('half a handshake', GOOD_HEAD, 'gone'), after: 'end' },
];

/** Half-open peers: they do the handshake, or half of it, and are never heard again. The heartbeat must cut them. */
export const MUTE: readonly Attack[] = [
  { name: 'mute', path: '/plain', bytes: new Uint8Array(0), after: 'mute', outcome: 'cut' },
  {
    name: 'mute in a message',
    path: '/takeover',
    bytes: bytesOf(peer.binary(zeros(60_000))).subarray(0, 50_000),
    after: 'mute',
    outcome: 'cut',
  },
];
