// `Connection.loneFrame`: the shared frame of a prepared message, only where a transport may write it by itself.

import { expect, test } from 'vitest';
import { Connection, PreparedMessage } from '../../../src/index.js';

const message = new PreparedMessage('news');

test('a server with nothing pending passes the shared frame on', () => {
  const connection = new Connection({ role: 'server' });
  expect(connection.loneFrame(message)).toBe(message.serverFrame);
  expect(connection.outgoingLength).toBe(0);
});

test('a client does not: it has to mask', () => {
  expect(new Connection({ role: 'client' }).loneFrame(message)).toBeUndefined();
});

test('not before something that is pending, inside a message, or after a Close frame', () => {
  const connection = new Connection({ role: 'server' });
  connection.sendText('first');
  expect(connection.loneFrame(message)).toBeUndefined();
  connection.takeOutgoing();
  expect(connection.loneFrame(message)).toBe(message.serverFrame);
  connection.startMessage('text', 'part');
  connection.takeOutgoing();
  expect(connection.loneFrame(message)).toBeUndefined();
  connection.sendFragment('end', true);
  connection.takeOutgoing();
  connection.close(1000);
  connection.takeOutgoing();
  expect(connection.loneFrame(message)).toBeUndefined();
});
