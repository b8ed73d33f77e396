// src/testing/connected-pair.ts: two connections in memory, and each fault that a transport may have.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import { ConnectedPair, type Faults, randomFaults, seededRandom, VirtualClock } from '../../../src/testing/index.js';
import { describeEvents } from '../../support/oracles/replay.js';

/** A pair whose server answers each text in capitals. */
function echoing(options?: ConstructorParameters<typeof ConnectedPair>[0]): ConnectedPair {
  const pair = new ConnectedPair(options);
  pair.server.onEvent = (event, connection) => {
    if (event.type === 'text') connection.sendText(event.text.toUpperCase());
  };
  return pair;
}

/** Sends from the client. @returns the lengths of the server's reads, found by a split that does not split */
function readsOf(faults: Faults, ...texts: string[]): { reads: number[]; events: string[]; pair: ConnectedPair } {
  const reads: number[] = [];
  const { split = (available: number) => available } = faults;
  const counting = (available: number) => {
    const length = typeof split === 'number' ? split : split(available);
    reads.push(Math.min(length, available));
    return length;
  };
  const pair = new ConnectedPair({ toServer: { ...faults, split: counting } });
  for (const text of texts) {
    pair.client.connection.sendText(text);
    pair.flush();
  }
  pair.settle();
  return { reads, events: describeEvents(pair.server.takeEvents()), pair };
}

describe('a connected pair', () => {
  it('carries messages, pings and the closing handshake', () => {
    const pair = echoing();
    const { connection } = pair.client;
    connection.sendText('hello');
    connection.ping('p');
    pair.settle();
    expect(describeEvents(pair.client.takeEvents())).toEqual(['text "HELLO"', 'pong 70']);
    expect(describeEvents(pair.server.takeEvents())).toEqual(['text "hello"', 'ping 70']);
    connection.close(4000, 'done');
    pair.settle();
    expect(describeEvents(pair.client.events as never)).toEqual(['close 4000 "done"']);
    for (const end of [pair.client, pair.server]) {
      expect([end.connection.state, end.hasEnded, end.lost]).toEqual(['closed', true, undefined]);
    }
  });

  it('carries nothing before it runs', () => {
    const pair = echoing();
    pair.client.connection.sendText('hello');
    expect([pair.carriedLength, pair.server.events]).toEqual([0, []]);
    pair.flush();
    expect([pair.carriedLength, pair.server.events]).toEqual([11, []]);
    pair.advance(0);
    expect([pair.carriedLength, pair.client.texts]).toEqual([0, ['HELLO']]);
  });

  it('compresses as both ends negotiate', () => {
    const perMessageDeflate = { client: new PerMessageDeflate(), server: new PerMessageDeflate() };
    const pair = echoing({ perMessageDeflate });
    const text = 'the same again '.repeat(1000);
    pair.client.connection.sendText(text);
    pair.flush();
    expect(pair.carriedLength).toBeLessThan(text.length / 10);
    pair.settle();
    expect(pair.client.texts).toEqual([text.toUpperCase()]);
    pair.cut();
    const { client, server } = perMessageDeflate;
    expect([client.poolUse.contexts, server.poolUse.contexts]).toEqual([0, 0]);
  });

  it('sends every slice of a message that leaves in slices', () => {
    const deflate = new PerMessageDeflate();
    const pair = new ConnectedPair({ perMessageDeflate: { client: deflate, server: deflate } });
    const random = seededRandom(1);
    const text = Array.from({ length: 50_000 }, () => Math.floor(random() * 1e6).toString(36)).join(' ');
    pair.client.connection.sendText(text, { inSlices: true });
    pair.settle();
    expect(pair.server.texts).toEqual([text]);
  });

  it('lets a program answer while later events of the same read are to come', () => {
    const pair = echoing();
    pair.client.connection.sendText('last words');
    pair.client.connection.close(1000);
    pair.settle();
    expect(describeEvents(pair.client.takeEvents())).toEqual(['text "LAST WORDS"', 'close 1000 ""']);
  });

  it('delivers all that was sent with budgets per turn', () => {
    const pair = new ConnectedPair({ server: { inTurns: true } });
    for (let i = 0; i < 20_000; i++) pair.client.connection.sendText(`${i}`);
    pair.settle();
    expect(pair.server.texts).toEqual(Array.from({ length: 20_000 }, (_, i) => `${i}`));
  });
});

describe('the faults of a pair', () => {
  it('delay: by the virtual clock, and never past earlier bytes', () => {
    const delays = [30, 10, 50];
    const pair = echoing({ toServer: { delay: () => delays.shift() ?? 0 }, toClient: { delay: 5 } });
    for (const text of ['a', 'b', 'c']) {
      pair.client.connection.sendText(text);
      pair.flush();
    }
    pair.advance(29);
    expect(pair.server.texts).toEqual([]);
    pair.advance(1);
    expect(pair.server.texts).toEqual(['a', 'b']);
    expect(pair.client.texts).toEqual([]);
    pair.advance(5);
    expect(pair.client.texts).toEqual(['A', 'B']);
    pair.settle();
    expect([pair.client.texts, pair.clock.now]).toEqual([['A', 'B', 'C'], 55]);
  });

  it('split: by a length, or as a function says', () => {
    const byLength = readsOf({ split: 4 }, 'abc', 'de');
    expect(byLength).toMatchObject({ reads: [4, 4, 1, 4, 4], events: ['text "abc"', 'text "de"'] });
    const byFunction = readsOf({ split: (available) => Math.ceil(available / 2) }, 'abc');
    expect(byFunction).toMatchObject({ reads: [5, 2, 1, 1], events: ['text "abc"'] });
    expect(() => readsOf({ split: 0 }, 'a')).toThrow(RangeError);
  });

  it('coalesce: what is due at once is one read', () => {
    expect(readsOf({}, 'abc', 'de').reads).toEqual([9, 8]);
    expect(readsOf({ coalesce: true }, 'abc', 'de')).toMatchObject({
      reads: [17],
      events: ['text "abc"', 'text "de"'],
    });
  });

  it('cutAfter: the transport ends in the middle of a frame, and both ends lose the connection', () => {
    const { events, pair } = readsOf({ cutAfter: 12 }, 'abc', 'de');
    expect(events).toEqual(['text "abc"']);
    for (const end of [pair.server, pair.client]) {
      expect(end.lost).toMatchObject({ code: 'WSIMD_CONNECTION_LOST', closeCode: 1006 });
      expect(end.connection.state).toBe('closed');
    }
  });

  it('reorder: the protocol notices that bytes are in the wrong order', () => {
    const reorder = (reads: readonly Uint8Array[]) => reads.toReversed();
    const pair = new ConnectedPair({ toClient: { split: 1, reorder } });
    // A server's frames have no masking key, which by chance could read as a header. Here comes c, b, a, 3, 0x81.
    pair.server.connection.sendText('abc');
    pair.settle();
    expect(describeEvents(pair.client.takeEvents())).toEqual([expect.stringMatching(/^error/)]);
    expect(pair.server.takeEvents().at(-1)).toMatchObject({ type: 'close', closeCode: 1002 });
  });

  it('cut: at once, and what is on its way is lost', () => {
    const pair = echoing({ toServer: { delay: 10 } });
    pair.client.connection.sendText('lost');
    pair.advance(5);
    pair.cut();
    pair.settle();
    expect([pair.server.events, pair.carriedLength, pair.clock.now]).toEqual([[], 0, 10]);
    expect([pair.client.lost?.code, pair.server.lost?.code]).toEqual(Array(2).fill('WSIMD_CONNECTION_LOST'));
  });

  it('may change on the way', () => {
    const pair = echoing();
    pair.toServer = { delay: 7 };
    pair.toClient = { delay: 3 };
    pair.client.connection.sendText('x');
    pair.settle();
    expect([pair.client.texts, pair.clock.now, pair.toServer, pair.toClient]).toEqual([
      ['X'],
      10,
      { delay: 7 },
      { delay: 3 },
    ]);
  });

  it('of a seed: everything arrives, in order, and the same again', () => {
    const run = (seed: number) => {
      const clock = new VirtualClock();
      const limits = { maxRead: 50, maxDelay: 20 };
      const pair = echoing({ clock, toServer: randomFaults(seed, limits), toClient: randomFaults(seed + 1, limits) });
      for (let i = 0; i < 20; i++) {
        pair.client.connection.sendText(`message ${'x'.repeat(i * 13)} ${i}`);
        pair.advance(i % 5);
      }
      pair.settle();
      return { texts: pair.client.texts, now: clock.now };
    };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { texts, now } = run(seed);
        expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => `MESSAGE ${'X'.repeat(i * 13)} ${i}`));
        expect(run(seed).now).toBe(now);
      }),
      { numRuns: 30 },
    );
  });
});
