// A conversation with an echo server, wherever it is: what a client, ours or that of `ws`, sends comes back as it was. It knows
// no proxy.

import { expect, onTestFinished } from 'vitest';
import * as ws from 'ws';
import { WebSocket } from '../../../src/node/index.js';
import { digest } from '../../support/inputs/digest.js';
import { randomBytes } from '../../support/inputs/random.js';
import { next } from '../../support/servers/servers.js';

/** What the tests use of the API that both have. */
export interface Client {
  readonly extensions: string;
  readonly protocol: string;
  send(data: string | Buffer): void;
  send(data: string | Buffer, options: { binary?: boolean; fin?: boolean }): void;
  ping(data: string): void;
  close(closeCode: number, reason: string): void;
  terminate(): void;
  on(name: never, listener: (...args: never[]) => void): unknown;
  once(name: never, listener: (...args: never[]) => void): unknown;
}

type MakeClient = (url: string, protocols: string[], options: object) => Client;

/** Each makes a client. */
export const CLIENTS: Record<'ours' | 'ws', MakeClient> = {
  ours: (...parameters) => new WebSocket(...parameters),
  ws: (...parameters) => new ws.WebSocket(...parameters),
};
export type ClientName = keyof typeof CLIENTS;
export const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[];

export const MIB = 1 << 20;
/** 1 MiB that becomes small, and 1 MiB that does not. */
export const COMPRESSIBLE = Buffer.alloc(MIB, 'the same again, ');
const INCOMPRESSIBLE = Buffer.from(randomBytes(MIB, 7));

/** A client whose handshake is done; it is cut at the end of the test. `options` are those of either. */
export async function open(name: ClientName, url: string, options: object = {}): Promise<Client> {
  // So that a close that somebody does not pass on is no matter of thirty seconds, but of the test's time.
  const client = CLIENTS[name](url, [], { closeTimeout: 600_000, ...options });
  await new Promise<void>((resolve, reject) => {
    client.once('open' as never, resolve);
    client.once('error' as never, reject);
  });
  onTestFinished(() => client.terminate());
  return client;
}

/** The error of a client whose handshake fails. */
export function failure(name: ClientName, url: string, options: object = {}): Promise<Error> {
  const client = CLIENTS[name](url, [], options);
  return new Promise((resolve, reject) => {
    client.once('error' as never, resolve);
    client.once('open' as never, () => {
      client.terminate();
      reject(new Error('it was accepted'));
    });
  });
}

/** Text and binary of all lengths, fragments with a ping between, many messages in flight: each compared with its echo. */
export async function converse(client: Client, longest = MIB): Promise<void> {
  const closed = new Promise<never>((_resolve, reject) => {
    client.once('close' as never, (closeCode: number) => reject(new Error(`it was closed with ${closeCode}`)));
  });
  closed.catch(() => {});
  await Promise.race([exchange(client, longest), closed]);
}

async function exchange(client: Client, longest: number): Promise<void> {
  const compressible = COMPRESSIBLE.subarray(0, longest);
  const incompressible = INCOMPRESSIBLE.subarray(0, longest);
  for (const data of [
    'hello',
    '',
    Buffer.alloc(0),
    '漢字🎉'.repeat(20_000),
    Buffer.alloc(65_536, 'bytes'),
    compressible,
    compressible.toString(),
    incompressible,
  ]) {
    const echo = next<[Buffer, boolean]>(client, 'message');
    client.send(data);
    expectEcho(await echo, data);
  }

  const pong = next<[Buffer]>(client, 'pong');
  const joined = next<[Buffer, boolean]>(client, 'message');
  for (let start = 0; start < longest; start += longest / 8) {
    client.send(incompressible.subarray(start, start + longest / 8), {
      binary: true,
      fin: start + longest / 8 === longest,
    });
    if (start === longest / 2) client.ping('between');
  }
  expect(String((await pong)[0])).toBe('between');
  expectEcho(await joined, incompressible);

  const numbered = Array.from({ length: 200 }, (_, i) => `message ${i} `.repeat(i));
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    client.on('message' as never, (data: Buffer) => {
      if (received.push(data.toString()) === numbered.length) resolve();
    });
  });
  for (const data of numbered) client.send(data);
  await all;
  expect(received.map(digest)).toEqual(numbered.map(digest));
}

function expectEcho([data, isBinary]: [Buffer, boolean], sent: string | Buffer): void {
  const isText = typeof sent === 'string';
  expect([isBinary, digest(data)]).toEqual([!isText, digest(isText ? Buffer.from(sent) : sent)]);
}
