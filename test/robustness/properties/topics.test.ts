// TopicHub: whatever is subscribed, unsubscribed and published in whatever order, everybody gets what a plain list of members says.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PreparedMessage, TopicHub } from '../../../src/index.js';

const member = fc.nat({ max: 4 });
const name = fc.constantFrom('', 'news', '__proto__', 'constructor');
const operation = fc.oneof(
  fc.record({ type: fc.constantFrom('subscribe', 'unsubscribe', 'leave' as const), member, name }),
  fc.record({ type: fc.constant('publish' as const), member, name, isLeftOut: fc.boolean(), text: fc.string() }),
);

test('TopicHub sends each message once to every subscriber, in order, and to nobody else', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const received: string[][] = [];
      const members = Array.from({ length: 5 }, (_, i) => ({
        sendPrepared: (message: PreparedMessage) => received[i]!.push(String(message.payload)),
      }));
      const expected: string[][] = members.map(() => []);
      for (let i = 0; i < members.length; i++) received.push([]);
      const hub = new TopicHub<(typeof members)[number]>();
      const model = members.map(() => new Set<string>());

      for (const each of operations) {
        const [one, topics] = [members[each.member]!, model[each.member]!];
        if (each.type === 'publish') {
          const receivers = model.flatMap((names, i) =>
            names.has(each.name) && !(each.isLeftOut && i === each.member) ? [i] : [],
          );
          for (const i of receivers) expected[i]!.push(each.text);
          expect(hub.publish(each.name, each.text, {}, each.isLeftOut ? one : undefined)).toBe(receivers.length);
        } else if (each.type === 'subscribe') {
          hub.subscribe(one, each.name);
          topics.add(each.name);
        } else if (each.type === 'unsubscribe') {
          expect(hub.unsubscribe(one, each.name)).toBe(topics.delete(each.name));
        } else {
          hub.leave(one);
          topics.clear();
        }
        expect(hub.subscriptions(one).sort()).toEqual([...topics].sort());
        expect(hub.isSubscribed(one, each.name)).toBe(topics.has(each.name));
        expect(hub.subscriberCount(each.name)).toBe(model.filter((names) => names.has(each.name)).length);
      }
      expect(received).toEqual(expected);
      expect(hub.topicCount).toBe(new Set(model.flatMap((names) => [...names])).size);
    }),
  );
});
