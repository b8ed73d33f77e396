// Our client as the peers' servers meet it: what it tries on each, which has to come out right. It must not know which server
// it is.

import { expect } from 'vitest';
import { type ClientOptions, connect, type WebSocket } from '../../../src/node/index.js';
import { digest } from '../../support/inputs/digest.js';
import { randomBytes } from '../../support/inputs/random.js';
import { next } from '../../support/servers/servers.js';
import { FRAGMENTS, MIB } from './expectations.js';
import { COMMANDS } from './server.js';

/** What the server can do beside echoing. All of them close when told to. */
export interface Abilities {
  /** It sends fragments. */
  readonly fragments: boolean;
  /** Its program can send a ping, and sees the pong. */
  readonly ping: boolean;
  /** It can tell what the last client closed with. */
  readonly lastClose: boolean;
  /** With which code it answers a Close frame. */
  readonly closeAnswer: 'the same' | 1000;
}

const json = (i: number) => JSON.stringify({ id: i, user: `user ${i % 7}`, text: '漢字🎉 and text '.repeat(i % 5) });

function messages(length: number): (string | Buffer)[] {
  const noise = Buffer.from(randomBytes(length, 1));
  return [
    ...['hello', '', '漢字🎉'.repeat(1000), Buffer.alloc(0), Buffer.of(0, 255)],
    ...Array.from({ length: 8 }, (_, i) => json(i)),
    ...[noise, '漢字🎉'.repeat(Math.floor(length / 10)), json(3).repeat(Math.floor(length / 120))],
    json(9),
  ];
}

/** Connects, offers two subprotocols, and compares what is echoed. */
export async function openAndEcho(url: string, options: ClientOptions, length = MIB): Promise<WebSocket> {
  const webSocket = await connect(url, { ...options, protocols: ['other', 'echo'] });
  expect(webSocket.protocol).toBe('echo');
  const received: (string | Buffer)[] = [];
  const sent = messages(length);
  const all = new Promise<void>((resolve, reject) => {
    webSocket.on('message', (data, isBinary) => {
      received.push(isBinary ? (data as Buffer) : String(data));
      if (received.length === sent.length) resolve();
    });
    webSocket.on('error', reject);
    webSocket.on('close', (code, reason) => reject(new Error(`closed: ${code} ${reason}`)));
  });
  for (const message of sent) webSocket.send(message);
  await all;
  webSocket.removeAllListeners();
  expect(received.map((data) => [typeof data, digest(data)])).toEqual(sent.map((data) => [typeof data, digest(data)]));
  return webSocket;
}

/** All that is tried on a server. */
export async function tryServer(url: string, options: ClientOptions, abilities: Abilities): Promise<void> {
  const webSocket = await openAndEcho(url, options);
  expect(await ask(webSocket, ['one 漢', '字 two ', 'three 🎉'])).toBe(FRAGMENTS);
  const pong = next<[Buffer]>(webSocket, 'pong');
  webSocket.ping('payload');
  expect((await pong)[0].toString()).toBe('payload');
  if (abilities.fragments) expect(await ask(webSocket, ['!fragments'])).toBe(FRAGMENTS);
  if (abilities.ping) expect(await ask(webSocket, ['!ping'])).toBe(COMMANDS['!ping']);
  const closed = next<[number, Buffer]>(webSocket, 'close');
  webSocket.close(4321, 'that is all 漢');
  expect((await closed)[0]).toBe(abilities.closeAnswer === 1000 ? 1000 : 4321);
  if (abilities.lastClose) {
    const lastClose = async () => {
      const other = await connect(url, { ...options, protocols: ['echo'] });
      const answer = await ask(other, ['!last-close']);
      // Not a close of which the server would tell next time.
      other.terminate();
      return answer;
    };
    expect(await lastClose()).toBe('4321 that is all 漢');
  }
  const other = await connect(url, { ...options, protocols: ['echo'] });
  const closedByServer = next<[number, Buffer]>(other, 'close');
  other.send('!close');
  const [closeCode, reason] = await closedByServer;
  expect([closeCode, reason.toString()]).toEqual(COMMANDS['!close']);
}

/** @param fragments of one message, with a ping behind each. @returns the message that answers it */
async function ask(webSocket: WebSocket, fragments: readonly string[]): Promise<string> {
  const answer = next<[Buffer]>(webSocket, 'message');
  for (const [index, fragment] of fragments.entries()) {
    if (index > 0) webSocket.ping('between');
    webSocket.send(fragment, { fin: index === fragments.length - 1 });
  }
  return (await answer)[0].toString();
}

const BITS = [undefined, 8, 9, 10, 11, 12, 13, 14, 15];

/** Every offer of permessage-deflate that our client can be made to make; its own window goes through all sizes beside it. */
export function* offers() {
  for (const deflateTakeover of [true, false]) {
    for (const inflateTakeover of [true, false]) {
      for (const [turn, bits] of BITS.entries()) {
        const inflateWindowBits = bits === undefined ? {} : { inflateWindowBits: bits };
        const deflateWindowBits = BITS[((turn + 3) % 8) + 1]!;
        yield { deflateTakeover, inflateTakeover, ...inflateWindowBits, deflateWindowBits, threshold: 0 };
      }
    }
  }
}
