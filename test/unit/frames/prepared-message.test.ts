// src/frames/prepared-message.ts: a message that is framed once and sent to many.

import { describe, expect, it } from 'vitest';
import { PreparedMessage } from '../../../src/frames/prepared-message.js';
import { BINARY, bytesOf, TEXT } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { receiveWithWs } from '../../support/peers/native.js';

describe('PreparedMessage', () => {
  it('frames a text or a binary once, for all servers', () => {
    const text = new PreparedMessage('grün');
    expect(text).toMatchObject({ opcode: TEXT, payload: 'grün' });
    expect([...text.serverFrame]).toEqual([0x81, 5, ...bytesOf('grün')]);
    expect(text.serverFrame).toBe(text.serverFrame);
    const binary = new PreparedMessage(Uint8Array.of(1, 2));
    expect(binary.opcode).toBe(BINARY);
    expect([...binary.serverFrame]).toEqual([0x82, 2, 1, 2]);
  });

  it('is read by ws', () => {
    const data = randomBytes(70_000, 1);
    const [received] = receiveWithWs('client', new PreparedMessage(data).serverFrame);
    expect(received && Buffer.compare(received.data, data)).toBe(0);
  });

  it('takes nothing else', () => {
    for (const message of [undefined, null, 5, new ArrayBuffer(3)]) {
      expect(() => new PreparedMessage(message as never).serverFrame, String(message)).toThrow(TypeError);
    }
  });
});
