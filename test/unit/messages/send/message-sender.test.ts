// src/messages/send/message-sender.ts: messages → frames, in order, against the receiver of `ws` and node:zlib. How well they
// are compressed is in test/unit/deflate/sending.test.ts, which frames may follow which in test/unit/connection/.

import { describe, expect, it, vi } from 'vitest';
import { OPCODE_BINARY, OPCODE_PING, OPCODE_TEXT } from '../../../../assembly/shared/protocol.js';
import { getHost } from '../../../../src/bytes/host.js';
import { PerMessageDeflate } from '../../../../src/deflate/index.js';
import { type Frame, FrameDecoder } from '../../../../src/frames/frame-decoder.js';
import type { FrameEncoderOptions } from '../../../../src/frames/frame-encoder.js';
import { PreparedMessage } from '../../../../src/frames/prepared-message.js';
import { parseExtensions } from '../../../../src/handshake/extensions.js';
import { MessageSender } from '../../../../src/messages/send/message-sender.js';
import { OTHER, ROLES } from '../../../support/frames/connections.js';
import { bytesOf, concat } from '../../../support/frames/wire.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';
import { InflatingPeer } from '../../../support/peers/deflate-peer.js';
import { receiveWithWs } from '../../../support/peers/native.js';

const MESSAGE_OPEN = expect.objectContaining({ code: 'WSIMD_MESSAGE_OPEN' });

/** Numbers in words: half as long when it is compressed, and longer than a slice. */
const LONG = Array.from({ length: 30_000 }, (_, i) => `number ${i * 7919}`).join(', ');

describe.each(KERNEL_NAMES)('MessageSender on the %s kernel', (kernel) => {
  it('takes options as they are when it is made, even if an earlier sender had the same object', () => {
    const options: { -readonly [Name in keyof FrameEncoderOptions]: FrameEncoderOptions[Name] } = {
      role: 'server',
      kernel,
    };
    const frameOf = (sender: MessageSender) => {
      sender.send(OPCODE_TEXT, 'x', undefined);
      expect(sender.encoder.kernelName).toBe(kernel);
      return [...sender.writer.take()];
    };
    const server = new MessageSender(options, undefined);
    options.role = 'client';
    options.maskingKey = () => 0x04030201;
    const client = new MessageSender(options, undefined);
    options.maskingKey = () => 0;
    const unmasked = new MessageSender(options, undefined);
    expect(frameOf(client)).toEqual([0x81, 0x81, 1, 2, 3, 4, 0x78 ^ 1]);
    expect(frameOf(unmasked)).toEqual([0x81, 0x81, 0, 0, 0, 0, 0x78]);
    expect(frameOf(server)).toEqual([0x81, 0x01, 0x78]);
    delete options.kernel;
    const byDefault = new MessageSender(options, undefined);
    expect(byDefault.encoder).not.toBe(unmasked.encoder);
    expect(new MessageSender(options, undefined).encoder).toBe(byDefault.encoder);
  });

  describe.each(ROLES)('as a %s', (role) => {
    function plain(): MessageSender {
      const sender = new MessageSender({ role, kernel }, undefined);
      expect(sender.encoder.kernelName).toBe(kernel);
      return sender;
    }

    function compressing(): MessageSender {
      const offer = parseExtensions('permessage-deflate');
      const deflate = new PerMessageDeflate({ kernel, threshold: 0 });
      const compression = role === 'server' ? deflate.forServer(offer) : deflate.forClient(offer, offer);
      expect(deflate.kernelName).toBe(kernel);
      return new MessageSender({ role, kernel }, compression);
    }

    /** The frames that the peer gets. */
    function frames(sender: MessageSender): readonly Frame[] {
      const decoder = new FrameDecoder({ role: OTHER[role], allowRsv1: true });
      return decoder.decodeFrames(sender.writer.take().slice()).frames;
    }

    /** The messages that the peer makes of them, compressed ones inflated by zlib. */
    function messages(sender: MessageSender, inflater = new InflatingPeer()): string[] {
      const received: string[] = [];
      let open: Frame[] = [];
      for (const frame of frames(sender)) {
        if (frame.opcode >= 8) {
          received.push(`${frame.opcode} ${Buffer.from(frame.payload)}`);
          continue;
        }
        open.push(frame);
        if (!frame.fin) continue;
        const joined = concat(...open.map(({ payload }) => payload));
        const data = open[0]!.rsv1 ? inflater.inflate(joined) : Buffer.from(joined);
        received.push(`${open[0]!.opcode} ${data}`);
        open = [];
      }
      return received;
    }

    it('sends what ws reads: whole messages, fragments, prepared ones', () => {
      const sender = plain();
      const data = randomBytes(66_000, 2);
      sender.send(OPCODE_TEXT, 'whole', undefined);
      sender.send(OPCODE_BINARY, data, { inSlices: true });
      sender.start('text', bytesOf('€').subarray(0, 2), true);
      sender.continue(bytesOf('€').subarray(2), false);
      sender.continue('!', true);
      sender.sendPrepared(new PreparedMessage('prepared'), false);
      const received = receiveWithWs(OTHER[role], sender.writer.take());
      expect(received.map(({ isBinary }) => isBinary)).toEqual([false, true, false, false]);
      expect(Buffer.compare(received[1]!.data, data)).toBe(0);
      expect([0, 2, 3].map((i) => received[i]!.data.toString())).toEqual(['whole', '€!', 'prepared']);
    });

    it('has one encoder for all who are told the same', () => {
      const options = { role, kernel };
      const [one, another] = [new MessageSender(options, undefined), new MessageSender(options, undefined)];
      expect(one.encoder).toBe(another.encoder);
      expect(one.writer).not.toBe(another.writer);
      expect(new MessageSender({ ...options }, undefined).encoder).not.toBe(one.encoder);
    });

    it.each([false, true])(
      'sends a prepared message: shared by all of a server, masked anew by a client (%s)',
      (byReference) => {
        const message = new PreparedMessage('to all');
        const [first, second] = [plain(), plain()].map((sender) => {
          sender.sendPrepared(message, byReference);
          return sender.writer.takeSegments();
        });
        expect([first!.length, second!.length]).toEqual([1, 1]);
        expect(first![0] === second![0]).toBe(role === 'server' && byReference);
        for (const frames of [first!, second!]) {
          expect(receiveWithWs(OTHER[role], concat(...frames)).map(({ data }) => data.toString())).toEqual(['to all']);
        }
      },
    );

    it.each([false, true])('sends a prepared message that is compressed, by reference: %s', (byReference) => {
      const sender = compressing();
      const text = 'to all of them '.repeat(50);
      sender.sendPrepared(new PreparedMessage(text), byReference);
      sender.sendPrepared(new PreparedMessage(text, { compress: false }), byReference);
      const sent = frames(sender);
      expect(sent.map(({ rsv1 }) => rsv1)).toEqual([true, false]);
      expect(new InflatingPeer().inflate(sent[0]!.payload).toString()).toBe(text);
      expect(Buffer.from(sent[1]!.payload).toString()).toBe(text);
    });

    it.each([0, 125, 126, 65_535, 65_536])('passes %i bytes on by reference, behind their header', (length) => {
      const payload = randomBytes(length, length);
      const sender = plain();
      sender.send(OPCODE_BINARY, payload, { byReference: true });
      const segments = sender.writer.takeSegments();
      // A client masks its payload: it cannot be passed on as it is.
      expect(segments.includes(payload)).toBe(role === 'server');
      const [received] = receiveWithWs(OTHER[role], concat(...segments));
      expect(received?.isBinary && Buffer.compare(received.data, payload)).toBe(0);
    });

    it('passes nothing on by reference that is compressed', () => {
      const sender = compressing();
      const payload = bytesOf('again and again '.repeat(100));
      for (const compress of [true, false]) {
        sender.send(OPCODE_TEXT, payload, { compress, byReference: true });
        expect(sender.writer.takeSegments().includes(payload)).toBe(role === 'server' && !compress);
      }
    });

    it('sends no other message inside a fragmented one', () => {
      const sender = plain();
      sender.start('text', 'a', true);
      const message = new PreparedMessage('x');
      expect(() => sender.send(OPCODE_TEXT, 'x', undefined)).toThrow(MESSAGE_OPEN);
      expect(() => sender.start('text', 'x', true)).toThrow(MESSAGE_OPEN);
      for (const byReference of [true, false]) {
        expect(() => sender.sendPrepared(message, byReference)).toThrow(MESSAGE_OPEN);
        expect(() => sender.send(OPCODE_BINARY, bytesOf('x'), { byReference })).toThrow(MESSAGE_OPEN);
      }
      sender.continue('b', true);
      sender.send(OPCODE_TEXT, 'x', undefined);
      expect(messages(sender)).toEqual([`${OPCODE_TEXT} ab`, `${OPCODE_TEXT} x`]);
    });

    it('continues no message where none is open, and has no slices', () => {
      const sender = plain();
      expect(() => sender.continue('x', true)).toThrow(expect.objectContaining({ code: 'WSIMD_NO_MESSAGE_OPEN' }));
      sender.sendNextSlice();
      sender.clear();
      expect([sender.hasSlices, sender.pendingLength, sender.writer.length]).toEqual([false, 0, 0]);
    });

    it('compresses a message by its fragments, or none of them', () => {
      const sender = compressing();
      for (const compress of [true, false]) {
        sender.start('text', 'one and one and ', compress);
        sender.continue('one', true);
      }
      const sent = frames(sender);
      expect(sent.map(({ rsv1, fin }) => `${rsv1} ${fin}`)).toEqual([
        'true false',
        'false true',
        'false false',
        'false true',
      ]);
      expect(new InflatingPeer().inflate(concat(sent[0]!.payload, sent[1]!.payload)).toString()).toBe(
        'one and one and one',
      );
    });

    describe('with a message that leaves in slices', () => {
      it.each(['text', 'bytes'] as const)('keeps the order of what is sent behind it, copied (%s)', (form) => {
        const sender = compressing();
        const data = bytesOf(LONG);
        sender.send(OPCODE_TEXT, form === 'text' ? LONG : data, { inSlices: true });
        expect(sender.hasSlices).toBe(true);
        const left = sender.pendingLength;
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThan(LONG.length);
        const behind = bytesOf('behind');
        const part = bytesOf('part');
        sender.send(OPCODE_BINARY, behind, { byReference: true });
        sender.send(OPCODE_TEXT, 'as it is', { compress: false });
        sender.sendPrepared(new PreparedMessage('prepared'), true);
        sender.start('binary', part, true);
        sender.continue('s', true);
        expect(sender.pendingLength).toBe(left + 6 + 8 + 4 + 1);
        data.fill(0);
        behind.fill(0);
        part.fill(0);
        sender.writer.write(OPCODE_PING, 'between');
        sender.sendNextSlice();
        while (sender.hasSlices) sender.sendNextSlice();
        expect([sender.hasSlices, sender.pendingLength]).toEqual([false, 0]);
        expect(messages(sender)).toEqual([
          `${OPCODE_PING} between`,
          `${OPCODE_TEXT} ${LONG}`,
          `${OPCODE_BINARY} behind`,
          `${OPCODE_TEXT} as it is`,
          `${OPCODE_TEXT} prepared`,
          `${OPCODE_BINARY} parts`,
        ]);
      });

      it('gives up what has not left', () => {
        const sender = compressing();
        sender.send(OPCODE_TEXT, LONG, { inSlices: true });
        sender.send(OPCODE_TEXT, 'never', undefined);
        sender.clear();
        expect([sender.hasSlices, sender.pendingLength]).toEqual([false, 0]);
        sender.sendNextSlice();
        expect(frames(sender).map(({ fin }) => fin)).toEqual([false]);
      });

      it.each(['é', '漢', '😀', 'a漢', 'ab😀', '\ud83d'])(
        'cuts a long text between its characters, wherever they lie (%j)',
        (unit) => {
          const { sliceLength } = new PerMessageDeflate({ kernel }).forServer(parseExtensions('permessage-deflate'))!;
          for (let ascii = 0; ascii < 4; ascii++) {
            const text = 'x'.repeat(ascii) + unit.repeat((2.5 * sliceLength) / Buffer.byteLength(unit));
            const sender = compressing();
            sender.send(OPCODE_TEXT, text, { inSlices: true });
            let left = sender.pendingLength;
            expect(Buffer.byteLength(text) - left).toBeLessThanOrEqual(sliceLength);
            while (sender.hasSlices) {
              sender.sendNextSlice();
              const bytes = left - sender.pendingLength;
              expect(bytes).toBeGreaterThan(0);
              expect(bytes).toBeLessThanOrEqual(sliceLength);
              left = sender.pendingLength;
            }
            expect(left).toBe(0);
            expect(messages(sender)).toEqual([`${OPCODE_TEXT} ${Buffer.from(text)}`]);
          }
        },
      );

      it('copies long bytes, and no text', () => {
        const allocate = vi.spyOn(getHost(), 'allocate');
        try {
          // Longer than the memory of earlier messages, which is used again.
          const text = LONG.repeat(3);
          const lengths = [text, bytesOf(text)].map((message) => {
            allocate.mockClear();
            compressing().send(OPCODE_TEXT, message, { inSlices: true });
            return Math.max(0, ...allocate.mock.calls.map(([length]) => length));
          });
          expect(lengths[0]).toBeLessThan(LONG.length);
          expect(lengths[1]).toBe(3 * LONG.length);
        } finally {
          allocate.mockRestore();
        }
      });

      it('cuts what is long as UTF-8, and nothing that is not', () => {
        const { sliceLength } = new PerMessageDeflate({ kernel }).forServer(parseExtensions('permessage-deflate'))!;
        for (const [text, isCut] of [
          ['a'.repeat(sliceLength), false],
          ['a'.repeat(sliceLength + 1), true],
          ['é'.repeat(sliceLength / 2), false],
          ['é'.repeat(sliceLength / 2 + 1), true],
          ['short', false],
        ] as const) {
          const sender = compressing();
          sender.send(OPCODE_TEXT, text, { inSlices: true });
          expect(sender.hasSlices, `${text[0]} × ${text.length}`).toBe(isCut);
          while (sender.hasSlices) sender.sendNextSlice();
          expect(messages(sender)).toEqual([`${OPCODE_TEXT} ${text}`]);
        }
      });
    });
  });
});
