// Hostile peers that make the engine fail: texts beyond its limit for strings, messages that there is no memory for.

import { deflateRawSync } from 'node:zlib';
import { concat, Peer, wire as toBytes, type WireFrame } from '../../../support/frames/wire.js';
import { LONGEST_STRING } from '../victims/short-strings.js';
import type { Script } from './script.js';
import type { Target, Wire } from './target.js';

const peer = new Peer('server');
const MIB = 2 ** 20;
/** The server's Close: too big (1009). */
const TOO_BIG = Buffer.from([0x88, 2, 1009 >> 8, 1009 & 255]);

/** Of ASCII, Latin-1 and others. */
const TEXTS = ['a', 'é', '中'].map((character) => character.repeat(LONGEST_STRING + 1)) as [string, string, string];

function compressed(bytes: Uint8Array): WireFrame {
  return peer.frame(1, deflateRawSync(bytes, { finishFlush: 2 }).subarray(0, -4), { rsv: 4 });
}

function inFragments(bytes: Uint8Array): Uint8Array {
  const [first, second] = [bytes.subarray(0, 100_000), bytes.subarray(100_000)];
  return concat(toBytes(peer.text(first, { fin: false })), toBytes(peer.continuation(second)));
}

/** Sends it on a connection of its own, which must end with 1009. */
async function expectTooBig(target: Target, what: string, bytes: Uint8Array): Promise<void> {
  const wire = await target.handshake();
  wire.write(bytes);
  await wire.ended();
  if (!wire.frames.equals(TOO_BIG)) {
    throw new Error(`${what} was answered with ${wire.frames.subarray(0, 20).toString('hex')}, not with 1009`);
  }
}

/** Announces a message of 600 MiB and sends the first 40 of them, more than a twentieth. */
async function sendLong(wire: Wire): Promise<void> {
  wire.write(toBytes(peer.binary('', { claimed: BigInt(600 * MIB) })));
  const chunk = new Uint8Array(MIB);
  for (let sent = 0; sent < 40 && !wire.isOver; sent++) await wire.written(chunk);
}

export const LIMIT_SCRIPTS: readonly Script[] = [
  {
    name: 'text beyond the limit for strings',
    does: 'sends texts that fit no string: whole, in fragments, and compressed',
    runsOn: (_configuration, name) => name === 'short strings',
    run: async (target) => {
      // Other texts are put together from shorter strings, whose limit is V8's own.
      const bytes = Buffer.from(TEXTS[0]);
      await expectTooBig(target, 'a text', toBytes(peer.text(bytes)));
      await expectTooBig(target, 'a text in fragments', inFragments(bytes));
      await expectTooBig(target, 'a compressed text', toBytes(compressed(bytes)));
    },
  },
  {
    name: 'text at the limit for strings',
    does: 'sends the longest texts that fit a string: they come back',
    runsOn: (_configuration, name) => name === 'short strings',
    run: async (target) => {
      for (const text of TEXTS) {
        const wire = await target.handshake(false);
        const bytes = Buffer.from(text.slice(1));
        wire.write(toBytes(peer.text(bytes)));
        await wire.bytes(bytes.length + 10);
        if (!wire.frames.subarray(10).equals(bytes)) throw new Error('something else came back');
        wire.reset();
      }
    },
  },
  {
    name: 'more than there is memory for',
    does: 'begins messages that there is no memory for, on five connections: those end, and new ones are served',
    runsOn: (_configuration, name) => name === 'little memory',
    run: async (target) => {
      const wires: Wire[] = [];
      for (let i = 0; i < 5; i++) {
        const wire = await target.handshake();
        wires.push(wire);
        await sendLong(wire);
      }
      if (!wires.some(({ frames }) => frames.equals(TOO_BIG))) throw new Error('no connection was closed with 1009');
      for (const wire of wires) wire.reset();
      const late = await target.handshake();
      late.write(toBytes(peer.text('hi')));
      await late.bytes(4);
      if (late.frames.toString('latin1', 2) !== 'hi') throw new Error('a new client was not served');
    },
  },
];
