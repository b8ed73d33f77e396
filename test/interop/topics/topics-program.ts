// A server with topics that does at random what makes histories part: clients join and leave topics, get primers and private messages.
// Clients send every message back, and what comes back is compared with what was to be sent. It must not know which clients come.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { type PerMessageDeflateOptions, type WebSocket, WebSocketServer } from '../../../src/node/index.js';
import { createRandom } from '../../support/inputs/random.js';

const TOPICS = ['prices', 'chat', 'state'];
const WORDS = 'bid ask volume price Grüße 漢字 update filled order market seller buyer quote total 🎉'.split(' ');
/** Messages that a client has not sent back: more are not published. */
const MOST_DUE = 200;

class Member {
  readonly webSocket: WebSocket;
  readonly due: (string | Buffer)[] = [];
  count = 0;
  firstWrong: string | undefined;

  constructor(webSocket: WebSocket) {
    this.webSocket = webSocket;
    webSocket.on('message', (data: Buffer, isBinary) => {
      const expected = this.due.shift();
      this.count++;
      const isSame =
        expected !== undefined && isBinary === (typeof expected !== 'string') && Buffer.from(expected).equals(data);
      if (!isSame) this.firstWrong ??= `message ${this.count}: ${String(expected)} came back as ${String(data)}`;
    });
  }
}

export interface TopicsProgram {
  readonly url: string;
  readonly pageUrl: string;
  /** Waits for so many clients, publishes until about so many messages have been delivered, and closes the connections. */
  run(clients: number, deliveries: number, seed: number): Promise<{ deliveries: number; extensions: Set<string> }>;
  stop(): Promise<void>;
}

export async function startTopicsProgram(perMessageDeflate: PerMessageDeflateOptions): Promise<TopicsProgram> {
  const http = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>topics</title>');
  });
  const server = new WebSocketServer({ server: http, perMessageDeflate });
  let members: Member[] = [];
  server.on('connection', (webSocket) => members.push(new Member(webSocket)));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    url: `ws://${host}/`,
    pageUrl: `http://${host}/`,
    run: async (clients, deliveries, seed) => {
      await expect.poll(() => members.length, { interval: 5 }).toBe(clients);
      const those = members;
      members = [];
      await publishAtRandom(server, those, deliveries, seed);
      await expect.poll(() => those.every(({ due }) => due.length === 0)).toBe(true);
      const closed = those.map(({ webSocket }) => new Promise((resolve) => webSocket.on('close', resolve)));
      for (const { webSocket } of those) webSocket.close(1000);
      await Promise.all(closed);
      expect(those.flatMap(({ firstWrong }) => firstWrong ?? [])).toEqual([]);
      return {
        deliveries: those.reduce((sum, { count }) => sum + count, 0),
        extensions: new Set(those.map(({ webSocket }) => webSocket.extensions)),
      };
    },
    stop: async () => {
      server.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

async function publishAtRandom(
  server: WebSocketServer,
  members: readonly Member[],
  deliveries: number,
  seed: number,
): Promise<void> {
  const random = createRandom(seed);
  const below = (count: number) => random() % count;
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
  const primers = new Map<string, string>();
  const textOf = (topic: string) => {
    const words = Array.from({ length: 1 + below(below(30) === 0 ? 3000 : 60) }, () => pick(WORDS));
    return JSON.stringify({ topic, at: 1_700_000_000 + below(1000), words });
  };
  const join = ({ webSocket, due }: Member, topic: string) => {
    const primer = primers.get(topic);
    if (primer !== undefined && !webSocket.isSubscribed(topic)) due.push(primer);
    webSocket.subscribe(topic);
  };
  for (const member of members) join(member, TOPICS[0]!);
  let sent = 0;
  while (sent < deliveries) {
    const dice = below(100);
    const member = pick(members);
    const topic = below(3) === 0 ? pick(TOPICS) : TOPICS[0]!;
    if (dice < 8) join(member, topic);
    else if (dice < 12) member.webSocket.unsubscribe(topic);
    else if (dice < 14) {
      const primer = textOf(topic);
      primers.set(topic, primer);
      server.setPrimer(topic, primer);
    } else if (dice < 24) {
      const text = textOf('private');
      const message = below(3) === 0 ? Buffer.from(text) : text;
      member.due.push(message);
      member.webSocket.send(message, { compress: below(4) > 0 });
    } else {
      const text = textOf(topic);
      const message = below(4) === 0 ? Buffer.from(text) : text;
      const isFromMember = below(5) === 0;
      for (const one of members) {
        if (!one.webSocket.isSubscribed(topic) || (isFromMember && one === member)) continue;
        one.due.push(message);
        sent++;
      }
      if (isFromMember) member.webSocket.publish(topic, message);
      else server.publish(topic, message);
    }
    // Several in one turn, mostly.
    if (below(4) > 0) continue;
    do await new Promise((resolve) => setTimeout(resolve, 1));
    while (members.some(({ due, firstWrong }) => due.length > MOST_DUE && firstWrong === undefined));
  }
}
