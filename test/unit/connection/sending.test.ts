import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import type { ConnectionOptions } from '../../../src/connection-options.js';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { PreparedMessage } from '../../../src/frames/prepared-message.js';
import { NOT_OPEN, OTHER, ROLES, sent, textLine } from '../../support/frames/connections.js';
import { BINARY, bytesOf, concat, hex, PING, PONG, TEXT } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { receiveWithWs } from '../../support/peers/native.js';

describe.each(ROLES)('a %s Connection', (role) => {
  function connect(options: Partial<ConnectionOptions> = {}): Connection {
    return new Connection({ role, ...options });
  }

  describe('sending', () => {
    it('sends messages, whose bytes wait until they are taken', () => {
      const connection = connect();
      const data = Uint8Array.of(1, 2, 3);
      connection.sendText('grün');
      connection.sendText(bytesOf('bytes'));
      connection.sendBinary(data);
      data.fill(0);
      expect(connection.outgoingLength).toBe(5 + 5 + 3 + 3 * (role === 'client' ? 6 : 2));
      expect(sent(connection)).toEqual([textLine('grün'), textLine('bytes'), `${BINARY} 010203`]);
      expect(connection.outgoingLength).toBe(0);
      expect(sent(connection)).toEqual([]);
    });

    it('is understood by ws', () => {
      const connection = connect();
      const data = randomBytes(70_000, 1);
      connection.sendText('Hello');
      connection.sendBinary(data);
      connection.startMessage('text', 'in ');
      connection.ping('in between');
      connection.sendFragment('three ', false);
      connection.sendFragment('parts', true);
      const [hello, binary, parts] = receiveWithWs(OTHER[role], connection.takeOutgoing());
      expect(hello).toEqual({ data: Buffer.from('Hello'), isBinary: false });
      expect(binary?.isBinary && Buffer.compare(binary.data, data)).toBe(0);
      expect(parts?.data.toString()).toBe('in three parts');
    });

    it('sends fragments, with control frames between them and no other message', () => {
      const connection = connect();
      connection.startMessage('text', bytesOf('€').subarray(0, 1));
      connection.ping('p');
      connection.pong('q');
      const refused = expect.objectContaining({ code: 'WSIMD_MESSAGE_OPEN' });
      expect(() => connection.sendText('x')).toThrow(refused);
      expect(() => connection.sendBinary(Uint8Array.of(1))).toThrow(refused);
      expect(() => connection.startMessage('binary', 'x')).toThrow(refused);
      expect(() => connection.sendPrepared(new PreparedMessage('x'))).toThrow(refused);
      connection.sendFragment(bytesOf('€').subarray(1), false);
      connection.sendFragment('', true);
      connection.sendText('x');
      connection.startMessage('binary', '');
      connection.sendFragment(Uint8Array.of(7), true);
      expect(sent(connection)).toEqual([
        `${TEXT}- e2`,
        `${PING} 70`,
        `${PONG} 71`,
        '0- 82ac',
        '0 ',
        textLine('x'),
        `${BINARY}- `,
        '0 07',
      ]);
    });

    it('has no fragment to send where no message is open', () => {
      const connection = connect();
      const refused = expect.objectContaining({ code: 'WSIMD_NO_MESSAGE_OPEN' });
      expect(() => connection.sendFragment('x', true)).toThrow(refused);
      connection.startMessage('text', 'a');
      connection.sendFragment('b', true);
      expect(() => connection.sendFragment('c', false)).toThrow(refused);
      expect(sent(connection)).toEqual([`${TEXT}- 61`, '0 62']);
    });

    it('sends prepared messages', () => {
      const connection = connect();
      const messages = [new PreparedMessage('text'), new PreparedMessage(Uint8Array.of(9)), new PreparedMessage('')];
      for (const message of [...messages, ...messages]) connection.sendPrepared(message);
      const lines = [textLine('text'), `${BINARY} 09`, `${TEXT} `];
      expect(sent(connection)).toEqual([...lines, ...lines]);
    });

    it('masks a prepared message anew each time, as a client', () => {
      const connection = connect();
      const message = new PreparedMessage('the same');
      for (let i = 0; i < 5; i++) connection.sendPrepared(message);
      const { frames } = new FrameDecoder({ role: OTHER[role] }).decodeFrames(connection.takeOutgoing());
      const keys = new Set(frames.map(({ maskingKey }) => maskingKey && hex(maskingKey)));
      expect(keys.size).toBe(role === 'client' ? 5 : 1);
    });

    it('gives its memory back and gets it again', () => {
      const connection = connect();
      for (let i = 0; i < 100; i++) {
        connection.sendText(`message ${i}`);
        const bytes = connection.takeOutgoing();
        const [received] = receiveWithWs(OTHER[role], bytes);
        expect(received?.data.toString()).toBe(`message ${i}`);
        connection.releaseOutgoing(bytes);
      }
    });

    it('passes on by reference what it is told to, in segments for a transport that gathers', () => {
      const connection = connect();
      const prepared = new PreparedMessage('prepared'.repeat(1000));
      const payload = randomBytes(70_000, 3);
      const text = bytesOf('grün');
      const isServer = role === 'server';
      connection.sendPrepared(prepared, { byReference: true });
      connection.sendText('copied');
      connection.sendBinary(payload, { byReference: true });
      connection.sendText(text, { byReference: true });
      connection.ping();
      const length = connection.outgoingLength;
      const segments = connection.takeOutgoingSegments();
      expect(connection.outgoingLength).toBe(0);
      // A client masks: nothing leaves as it lies.
      expect([prepared.serverFrame, payload, text].map((bytes) => segments.includes(bytes))).toEqual(
        Array(3).fill(isServer),
      );
      const bytes = concat(...segments);
      expect(bytes.length).toBe(length);
      const expected = [bytesOf('prepared'.repeat(1000)), bytesOf('copied'), payload, text];
      expect(receiveWithWs(OTHER[role], bytes).map(({ data }) => hex(data))).toEqual(expected.map(hex));
      for (const segment of segments) connection.releaseOutgoing(segment);
      connection.sendText('later');
      expect(hex(text)).toBe(hex(bytesOf('grün')));
      connection.close();
      expect(() => connection.sendPrepared(prepared, { byReference: true })).toThrow(NOT_OPEN);
    });

    it('copies what was sent by reference for a transport that takes one buffer', () => {
      const connection = connect();
      const payload = randomBytes(1000, 4);
      connection.sendText('before');
      connection.sendBinary(payload, { byReference: true });
      connection.sendText('behind');
      const bytes = connection.takeOutgoing();
      const expected = [bytesOf('before'), payload.slice(), bytesOf('behind')].map(hex);
      payload.fill(0);
      expect(receiveWithWs(OTHER[role], bytes).map(({ data }) => hex(data))).toEqual(expected);
    });

    it('has no slices where nothing is compressed', () => {
      const connection = connect();
      connection.sendText('x'.repeat(1_000_000), { inSlices: true });
      expect([connection.hasSlices, connection.pendingLength]).toEqual([false, 0]);
      connection.sendNextSlice();
      const [received] = receiveWithWs(OTHER[role], connection.takeOutgoing());
      expect(received?.data.length).toBe(1_000_000);
    });
  });
});
