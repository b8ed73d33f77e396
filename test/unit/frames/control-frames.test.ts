// src/frames/frame-encoder.ts and close-code.ts: pings, pongs and Closes to send, and what may not be sent in one, against the
// receiver and sender of `ws`.

import { describe, expect, it } from 'vitest';
import { FrameEncoder } from '../../../src/frames/frame-encoder.js';
import { MessageDecoder } from '../../../src/messages/receive/message-decoder.js';
import { isCloseCode } from '../../../src/protocol/close-code.js';
import { bytesOf, CLOSE, concat, PING, PONG, TEXT } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../support/oracles/replay.js';
import { frameWithWs } from '../../support/peers/native.js';

const ROLES = ['server', 'client'] as const;
type Role = (typeof ROLES)[number];
const OTHER = { server: 'client', client: 'server' } as const satisfies Record<Role, Role>;

describe.each(KERNEL_NAMES)('FrameEncoder on the %s kernel', (kernel) => {
  const encoders = {
    server: new FrameEncoder({ role: 'server', kernel }),
    client: new FrameEncoder({ role: 'client', kernel }),
  };

  describe.each(ROLES)('as a %s', (role) => {
    const encoder = encoders[role];

    function decode(bytes: Uint8Array) {
      return new MessageDecoder({ role: OTHER[role], kernel }).decode(bytes.slice());
    }

    describe('control frames', () => {
      it.each([
        ['ping', PING],
        ['pong', PONG],
      ] as const)('%s', (type, opcode) => {
        const encode = (payload?: string | Uint8Array) =>
          type === 'ping' ? encoder.encodePing(payload) : encoder.encodePong(payload);
        expect(decode(encode())).toEqual([{ type, payload: new Uint8Array(0) }]);
        expect(decode(encode('€'))).toEqual([{ type, payload: bytesOf('€') }]);
        const most = randomBytes(125, 3);
        expect(decode(encode(most))).toEqual([{ type, payload: most }]);
        expect(decode(encode('é'.repeat(62)))).toEqual([{ type, payload: bytesOf('é'.repeat(62)) }]);
        expect(encode('x')[0]).toBe(0x80 | opcode);
        for (const tooLong of [
          new Uint8Array(126),
          'a'.repeat(126),
          'é'.repeat(63),
          '€'.repeat(42),
          new Uint8Array(70_000),
        ]) {
          expect(() => encode(tooLong)).toThrow(expect.objectContaining({ code: 'WSIMD_CONTROL_PAYLOAD' }));
        }
      });

      it('of any opcode from 8 on hold 125 bytes', () => {
        const target = new Uint8Array(1000).fill(0xcc);
        for (let opcode = 0; opcode < 16; opcode++) {
          const encode = () => encoder.encodeInto(target, 0, opcode, 'a'.repeat(126));
          if (opcode < 8) expect(encode()).toBeGreaterThan(126);
          else expect(encode).toThrow(expect.objectContaining({ code: 'WSIMD_CONTROL_PAYLOAD' }));
        }
      });
    });

    describe('Close', () => {
      it('carries nothing, a code, or a code and a reason', () => {
        expect(decode(encoder.encodeClose())).toEqual([{ type: 'close', closeCode: 1005, reason: '' }]);
        expect(decode(encoder.encodeClose(4321))).toEqual([{ type: 'close', closeCode: 4321, reason: '' }]);
        for (const reason of ['bye', 'grüße 👋', 'a'.repeat(123), 'é'.repeat(61), '€'.repeat(41), '\ufeff']) {
          expect(decode(encoder.encodeClose(1000, reason))).toEqual([{ type: 'close', closeCode: 1000, reason }]);
        }
      });

      it('has a payload that can be had alone', () => {
        expect([...encoder.closePayload()]).toEqual([]);
        expect([...encoder.closePayload(1000)]).toEqual([3, 232]);
        expect([...encoder.closePayload(4999, 'é')]).toEqual([0x13, 0x87, 0xc3, 0xa9]);
      });

      it('takes no code that may not be sent', () => {
        for (const code of [
          0,
          -1000,
          999,
          1004,
          1006,
          1015,
          1016,
          2999,
          5000,
          65536 + 1000,
          1000.5,
          Number.NaN,
          2 ** 53,
        ]) {
          expect(() => encoder.encodeClose(code), `${code}`).toThrow(
            expect.objectContaining({ code: 'WSIMD_INVALID_CLOSE_CODE', closeCode: undefined }),
          );
        }
        for (const code of ['1000', null, true, {}, [1000], 1000n]) {
          expect(() => encoder.encodeClose(code as never), String(code)).toThrow(
            expect.objectContaining({ code: 'WSIMD_INVALID_CLOSE_CODE' }),
          );
        }
      });

      it('takes no reason of more than 123 bytes, and none without a code', () => {
        const invalid = expect.objectContaining({ code: 'WSIMD_INVALID_REASON' });
        for (const reason of ['a'.repeat(124), 'é'.repeat(62), '€'.repeat(42), '🙂'.repeat(31), 'a'.repeat(100_000)]) {
          expect(() => encoder.encodeClose(1000, reason)).toThrow(invalid);
        }
        expect(() => encoder.encodeClose(undefined, 'why')).toThrow(invalid);
      });

      it('takes only a string as reason', () => {
        for (const reason of [5, null, bytesOf('bye'), {}, Symbol('s')]) {
          expect(() => encoder.encodeClose(1000, reason as never), String(reason)).toThrow(TypeError);
        }
      });
    });
  });
});

describe('isCloseCode', () => {
  it('knows every code that may be sent', () => {
    for (let code = -1; code <= 65536; code++) {
      const isGood =
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code) ||
        (code > 2999 && code < 5000);
      if (isCloseCode(code) !== isGood) expect.unreachable(`${code}`);
    }
    for (const odd of [1000.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(isCloseCode(odd)).toBe(false);
    expect(isCloseCode('1000' as never)).toBe(false);
  });
});

describe('fragments and control frames from ws', () => {
  it('come to the same as in ws', () => {
    for (const role of ROLES) {
      const text = 'Ein Text aus mehreren Teilen: äöü 🙂 '.repeat(50);
      const bytes = bytesOf(text);
      const third = Math.floor(bytes.length / 3);
      const frames = concat(
        frameWithWs(role, TEXT, bytes.subarray(0, third), false),
        frameWithWs(role, PING, bytesOf('?')),
        frameWithWs(role, 0, bytes.subarray(third, 2 * third), false),
        frameWithWs(role, PONG, bytesOf('!')),
        frameWithWs(role, 0, bytes.subarray(2 * third)),
        frameWithWs(role, CLOSE, Uint8Array.of(3, 232, 0x6f, 0x6b)),
      );
      expect(new MessageDecoder({ role }).decode(frames)).toEqual([
        { type: 'ping', payload: bytesOf('?') },
        { type: 'pong', payload: bytesOf('!') },
        { type: 'text', text },
        { type: 'close', closeCode: 1000, reason: 'ok' },
      ]);
    }
  });
});
