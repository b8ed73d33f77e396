// Hostile peers behind a good handshake, over TCP and TLS. The frames that break a rule are those of the soak.

import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { concat, Peer, stream, wire as toBytes, type WireFrame } from '../../../support/frames/wire.js';
import { ATTACKS, type Attack } from '../../soak/peers/attacks.js';
import { MAX_FRAGMENTS, MAX_PAYLOAD } from '../../soak/peers/limits.js';
import type { Configuration } from '../victims/configurations.js';
import { type Script, withFrames } from './script.js';
import type { Wire } from './target.js';

const peer = new Peer('server');
const withDeflate = (configuration: Configuration) => withFrames(configuration) && configuration.hasDeflate;

/** Sends bytes that must end the connection, or that a Close frame follows. */
function sends(name: string, does: string, bytes: Uint8Array, runsOn: Script['runsOn'] = withFrames): Script {
  return {
    ...{ name, does, runsOn },
    run: async (target) => {
      const wire = await target.handshake();
      wire.write(bytes);
      wire.write(toBytes(peer.close(1000)));
      await wire.ended();
    },
  };
}

/** The attacks of the soak that begin behind a handshake. */
function fromSoak(attack: Attack): Script {
  const { name, path, bytes = new Uint8Array(0), how = 'once', after } = attack;
  return {
    name: `soak: ${name}`,
    does: `sends the soak's "${name}"`,
    runsOn: path === '/plain' ? withFrames : withDeflate,
    run: async (target) => {
      const wire = await target.handshake(path !== '/plain');
      if (how === 'untilCut') {
        wire.pause();
        for (let i = 0; i < 30 && !wire.isOver; i++) {
          wire.write(bytes);
          await sleep(5);
        }
        wire.reset();
        return;
      }
      if (how === 'byByte') for (const byte of bytes) wire.write(Uint8Array.of(byte));
      else wire.write(bytes);
      if (after === 'reset') {
        await sleep(5);
        wire.reset();
        return;
      }
      if (after === 'end') wire.end();
      else wire.write(toBytes(peer.close(1000)));
      await wire.ended();
    },
  };
}

const many = (count: number, frame: WireFrame) => {
  const bytes = toBytes(frame);
  return concat(...Array.from({ length: count }, () => bytes));
};
const compressed = (data: Uint8Array) => deflateRawSync(data, { finishFlush: 2 }).subarray(0, -4);
/** 100,000 stored blocks without contents. */
const EMPTY_BLOCKS = Buffer.from('000000ffff'.repeat(100_000), 'hex');

const leaving = (name: string, does: string, leave: (wire: Wire) => void | Promise<void>): Script => ({
  ...{ name, does, runsOn: withFrames },
  run: async (target) => {
    const wire = await target.handshake();
    await leave(wire);
  },
});

export const FRAME_SCRIPTS: readonly Script[] = [
  ...ATTACKS.filter(({ request }) => request === undefined).map(fromSoak),
  sends('ping flood', 'sends 20,000 pings at once', many(20_000, peer.ping('flood'))),
  sends('pong flood', 'sends 20,000 pongs that nobody asked for', many(20_000, peer.pong('flood'))),
  sends('empty messages', 'sends 50,000 empty messages at once', many(50_000, peer.text(''))),
  sends(
    'empty fragments',
    'sends as many empty fragments as are allowed, and ends the message',
    concat(
      ...[toBytes(peer.binary('', { fin: false })), many(MAX_FRAGMENTS - 10, peer.continuation('', { fin: false }))],
      toBytes(peer.continuation('')),
    ),
  ),
  sends(
    'tiny fragments',
    'sends fragments of one byte, over and over',
    concat(
      ...Array.from({ length: 20 }, () =>
        concat(
          toBytes(peer.binary('x', { fin: false })),
          many(900, peer.continuation('x', { fin: false })),
          toBytes(peer.continuation('')),
        ),
      ),
    ),
  ),
  sends(
    'largest message',
    'sends a message of exactly `maxPayload` bytes',
    toBytes(peer.binary(new Uint8Array(MAX_PAYLOAD))),
  ),
  sends(
    'frames behind the Close',
    'sends 1,000 messages behind its Close',
    concat(toBytes(peer.close(1000)), many(1000, peer.text('late'))),
  ),
  sends('two Closes', 'sends a Close twice', stream(peer.close(1000), peer.close(1001))),
  sends(
    'bombs within the limit',
    'sends 20 messages of 1 KB that inflate to 1 MiB each',
    many(20, peer.frame(2, compressed(new Uint8Array(MAX_PAYLOAD - 4096)), { rsv: 4 })),
    withDeflate,
  ),
  sends(
    'inflates to nothing',
    'sends 500 KB of empty deflate blocks',
    toBytes(peer.frame(2, EMPTY_BLOCKS, { rsv: 4 })),
    withDeflate,
  ),
  sends(
    'distance before the start',
    'sends a deflate stream whose distance points before its first byte',
    toBytes(peer.frame(2, [0x63, 0x00, 0x02, 0x7e, 0xff, 0x00], { rsv: 4 })),
    withDeflate,
  ),
  leaving('slow reader', 'asks for 8 MB of echoes, reads nothing, and resets', async (wire) => {
    wire.pause();
    for (let i = 0; i < 8; i++) wire.write(toBytes(peer.binary(new Uint8Array(MAX_PAYLOAD - 4096))));
    await sleep(300);
    wire.reset();
  }),
  leaving('half a frame', 'stops in the middle of a frame, and ends its side', async (wire) => {
    wire.write(toBytes(peer.binary(new Uint8Array(5000))).subarray(0, 2000));
    wire.end();
    await wire.ended();
  }),
  leaving('silence behind the Close', 'sends a Close and never ends the connection', async (wire) => {
    wire.write(toBytes(peer.close(1000)));
    await wire.ended();
  }),
  leaving('end at once', 'ends its side right behind the handshake, and reads on', async (wire) => {
    wire.end();
    await wire.ended();
  }),
  leaving('reset under load', 'resets while echoes are on their way', async (wire) => {
    wire.write(many(500, peer.binary(new Uint8Array(1000))));
    await sleep(2);
    wire.reset();
  }),
  leaving('bytes behind the end', 'sends garbage, a FIN, and a RST', async (wire) => {
    wire.write(Buffer.alloc(64, 0xff));
    wire.end();
    await sleep(10);
    wire.reset();
  }),
];
