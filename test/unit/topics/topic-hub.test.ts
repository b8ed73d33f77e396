import { describe, expect, test } from 'vitest';
import { Connection, PreparedMessage, TopicHub } from '../../../src/index.js';

/** A subscriber that keeps what it is sent, and may do something with each message. */
class Reader {
  readonly messages: string[] = [];
  isOpen = true;
  onMessage: (text: string) => void = () => {};

  sendPrepared(message: PreparedMessage): void {
    const text = String(message.payload);
    this.messages.push(text);
    this.onMessage(text);
  }
}

function hubOf(count: number, topic = 'news') {
  const hub = new TopicHub<Reader>({ isOpen: ({ isOpen }) => isOpen });
  const readers = Array.from({ length: count }, () => new Reader());
  for (const reader of readers) hub.subscribe(reader, topic);
  return { hub, readers };
}

describe('subscriptions', () => {
  test('are by exact name, and once each', () => {
    const { hub, readers } = hubOf(2);
    const [a, b] = readers as [Reader, Reader];
    hub.subscribe(a, 'news');
    hub.subscribe(a, '');
    expect(hub.subscriptions(a).sort()).toEqual(['', 'news']);
    expect(hub.subscriptions(b)).toEqual(['news']);
    expect([hub.subscriberCount('news'), hub.subscriberCount('News')]).toEqual([2, 0]);
    expect([hub.isSubscribed(a, ''), hub.isSubscribed(b, '')]).toEqual([true, false]);
    expect([hub.unsubscribe(a, 'news'), hub.unsubscribe(a, 'news'), hub.unsubscribe(a, 'none')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(hub.publish('news', 'x')).toBe(1);
    expect([a.messages, b.messages]).toEqual([[], ['x']]);
  });

  test('of many topics are found, counted and ended as those of a few', () => {
    const hub = new TopicHub<Reader>();
    const reader = new Reader();
    const names = Array.from({ length: 100 }, (_, i) => `topic ${i}`);
    for (const name of names) hub.subscribe(reader, name);
    expect(hub.subscriptions(reader)).toEqual(names);
    for (const name of names.slice(0, 50)) expect(hub.unsubscribe(reader, name)).toBe(true);
    expect([hub.subscriptions(reader), hub.topicCount]).toEqual([names.slice(50), 50]);
    expect([hub.leave(reader), hub.leave(reader)]).toEqual([true, false]);
    expect([hub.subscriptions(reader), hub.topicCount]).toEqual([[], 0]);
  });

  test('a topic without subscribers is forgotten', () => {
    const { hub, readers } = hubOf(3);
    expect(hub.topicCount).toBe(1);
    for (const reader of readers) hub.unsubscribe(reader, 'news');
    expect([hub.topicCount, hub.publish('news', 'x')]).toEqual([0, 0]);
  });

  test.each([undefined, null, 1, {}, Symbol('news')])('to %s is a TypeError', (topic) => {
    const { hub, readers } = hubOf(1);
    const name = topic as string;
    expect(() => hub.subscribe(readers[0]!, name)).toThrow(TypeError);
    expect(() => hub.unsubscribe(readers[0]!, name)).toThrow(TypeError);
    expect(() => hub.isSubscribed(readers[0]!, name)).toThrow(TypeError);
    expect(() => hub.subscriberCount(name)).toThrow(TypeError);
    expect(() => hub.publish(name, '')).toThrow(TypeError);
    expect(() => hub.setPrimer(name, '')).toThrow(TypeError);
  });
});

describe('publish', () => {
  test('goes to all but the one left out, and says to how many', () => {
    const { hub, readers } = hubOf(3);
    expect(hub.publish('news', 'to all')).toBe(3);
    expect(hub.publish('news', 'to two', {}, readers[0])).toBe(2);
    expect(hub.publish('news', 'to all', {}, new Reader())).toBe(3);
    expect(readers.map(({ messages }) => messages.length)).toEqual([2, 3, 3]);
  });

  test('leaves out who is not open', () => {
    const { hub, readers } = hubOf(2);
    readers[0]!.isOpen = false;
    hub.publish('news', 'x');
    expect(readers.map(({ messages }) => messages)).toEqual([[], ['x']]);
  });

  test('hands all subscribers the same message', () => {
    const { hub, readers } = hubOf(2);
    const seen = new Set<PreparedMessage>();
    for (const reader of readers) reader.sendPrepared = (message) => void seen.add(message);
    hub.publish('news', 'x');
    const prepared = new PreparedMessage('y');
    hub.publish('news', prepared);
    expect([seen.size, seen.has(prepared)]).toEqual([2, true]);
  });

  test('one that is called while a message is being sent comes behind it for everybody', () => {
    const { hub, readers } = hubOf(3);
    readers[0]!.onMessage = (text) => {
      if (text === '1') expect(hub.publish('news', '2')).toBe(3);
      if (text === '2') hub.publish('news', '3', {}, readers[1]);
    };
    hub.publish('news', '1');
    expect(readers.map(({ messages }) => messages.join(''))).toEqual(['123', '12', '123']);
  });

  test('a subscriber that joins while a message is being sent gets the next one, and one that leaves gets no more', () => {
    const { hub, readers } = hubOf(3);
    const late = new Reader();
    readers[0]!.onMessage = (text) => {
      if (text !== '1') return;
      hub.subscribe(late, 'news');
      hub.subscribe(late, 'news');
      hub.unsubscribe(readers[1]!, 'news');
      hub.unsubscribe(readers[0]!, 'news');
      hub.subscribe(readers[0]!, 'news');
      expect([hub.subscriberCount('news'), hub.isSubscribed(late, 'news')]).toEqual([3, true]);
      expect(hub.publish('news', '2')).toBe(3);
    };
    hub.publish('news', '1');
    expect([...readers, late].map(({ messages }) => messages.join(''))).toEqual(['12', '', '12', '2']);
  });

  test('who joins and leaves while a message is being sent leaves nothing behind', () => {
    const { hub, readers } = hubOf(1);
    const late = new Reader();
    readers[0]!.onMessage = () => {
      hub.subscribe(late, 'news');
      hub.leave(late);
      hub.leave(readers[0]!);
    };
    hub.publish('news', '1');
    expect([late.messages, hub.topicCount]).toEqual([[], 0]);
  });

  test('what one throws is thrown when the others have the message', () => {
    const { hub, readers } = hubOf(3);
    readers[1]!.onMessage = (text) => {
      if (text === 'x') hub.publish('news', 'behind');
      throw new Error(text);
    };
    expect(() => hub.publish('news', 'x')).toThrow(/x|behind/);
    expect(readers.map(({ messages }) => messages.length > 1)).toEqual([true, true, true]);
    readers[1]!.onMessage = () => {};
    hub.publish('news', 'last');
    expect(readers.map(({ messages }) => messages.at(-1))).toEqual(['last', 'last', 'last']);
  });
});

describe('a primer', () => {
  test('goes to new subscribers, before all else, and to nobody who is subscribed', () => {
    const { hub, readers } = hubOf(1);
    hub.setPrimer('news', 'primer');
    const second = new Reader();
    hub.subscribe(second, 'news');
    hub.subscribe(second, 'news');
    hub.publish('news', '1');
    hub.setPrimer('news', 'another');
    const third = new Reader();
    hub.subscribe(third, 'news');
    hub.setPrimer('news', undefined);
    hub.subscribe(new Reader(), 'news');
    expect([readers[0]!, second, third].map(({ messages }) => messages)).toEqual([['1'], ['primer', '1'], ['another']]);
  });

  test('outlives the subscribers, until it is taken away', () => {
    const hub = new TopicHub<Reader>();
    hub.setPrimer('news', 'primer');
    expect([hub.topicCount, hub.publish('news', 'x')]).toEqual([1, 0]);
    const reader = new Reader();
    hub.subscribe(reader, 'news');
    hub.leave(reader);
    hub.subscribe(reader, 'news');
    hub.leave(reader);
    expect(reader.messages).toEqual(['primer', 'primer']);
    hub.setPrimer('news', undefined);
    hub.setPrimer('none', undefined);
    expect(hub.topicCount).toBe(0);
  });
});

test('a Connection subscribes as it is', () => {
  const hub = new TopicHub<Connection>({ isOpen: ({ state }) => state === 'open' });
  const [first, second] = [new Connection({ role: 'server' }), new Connection({ role: 'server' })];
  hub.subscribe(first, 'news');
  hub.subscribe(second, 'news');
  second.close();
  second.takeOutgoing();
  expect(hub.publish('news', 'hello')).toBe(2);
  expect(new Connection({ role: 'client' }).receive(first.takeOutgoing())).toEqual([{ type: 'text', text: 'hello' }]);
  expect(second.outgoingLength).toBe(0);
});
