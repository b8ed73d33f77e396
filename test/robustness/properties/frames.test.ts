// Properties of the public functions for frames, messages and connections, whatever they are given.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Connection,
  FrameDecoder,
  FrameEncoder,
  FrameWriter,
  findInvalidUtf8,
  isCloseCode,
  MessageDecoder,
  mask,
  PreparedMessage,
  ProtocolError,
  selectKernel,
  unmask,
} from '../../../src/index.js';
import { describeBytes } from '../../spec/replay/wire-bytes.js';
import { cutAtRandom } from '../../support/frames/cuts.js';
import { bytesOf, concat } from '../../support/frames/wire.js';
import { createRandom } from '../../support/inputs/random.js';
import { referenceDecode } from '../../support/oracles/reference-decoder.js';
import { KERNEL_NAMES, withoutStacks } from '../../support/oracles/replay.js';
import { judgeUtf8 } from '../../support/oracles/utf8-reference.js';

const role = fc.constantFrom('server' as const, 'client' as const);
const kernel = fc.constantFrom(...KERNEL_NAMES);
const seed = fc.nat();
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom(125, 126, 127, 300, 65535, 65536).map((length) => new Uint8Array(length).fill(0xc3)),
);
const text = fc.string({ unit: 'binary', maxLength: 60 });
const other = { server: 'client', client: 'server' } as const;

describe('mask and unmask', () => {
  const key = fc.uint8Array({ minLength: 4, maxLength: 4 });

  it('undo each other, and are the XOR of section 5.3', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), key, fc.nat(20), (source, maskingKey, offset) => {
        const output = new Uint8Array(offset + source.length + 5).fill(0x55);
        mask(source, maskingKey, output, offset, source.length);
        const expected = source.map((byte, i) => byte ^ maskingKey[i % 4]!);
        expect(output.subarray(offset, offset + source.length)).toEqual(expected);
        expect(output.subarray(0, offset).every((byte) => byte === 0x55)).toBe(true);
        expect(output.subarray(offset + source.length)).toEqual(new Uint8Array(5).fill(0x55));
        unmask(expected, maskingKey);
        expect(expected).toEqual(source);
      }),
    );
  });

  it('throw for what lies outside, and write nothing then', () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.nat(40),
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: -50, max: 50 }),
        (...args) => {
          const [sourceLength, outputLength, offset, length] = args;
          const source = new Uint8Array(sourceLength).fill(1);
          const output = new Uint8Array(outputLength);
          const fits = length >= 0 && offset >= 0 && length <= sourceLength && offset + length <= outputLength;
          const call = () => mask(source, Uint8Array.of(9, 9, 9, 9), output, offset, length);
          if (fits) call();
          else expect(call).toThrow(RangeError);
          expect(output.filter((byte) => byte !== 0).length).toBe(fits ? length : 0);
        },
      ),
    );
  });
});

describe('findInvalidUtf8', () => {
  it('finds the byte that table 3-7 of Unicode finds, on both kernels', () => {
    const telling = fc.constantFrom(0x41, 0x80, 0x8f, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5);
    const near = fc.tuple(text, fc.array(telling, { maxLength: 8 }), text);
    fc.assert(
      fc.property(near, kernel, ([before, between, behind], name) => {
        const whole = concat(bytesOf(before), Uint8Array.from(between), bytesOf(behind));
        const { badOffset, pending } = judgeUtf8(whole);
        expect(findInvalidUtf8(whole, name)).toBe(badOffset ?? (pending.length > 0 ? whole.length : -1));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('isCloseCode', () => {
  it('is true of whole numbers in the ranges of section 7.4, and of nothing else', () => {
    const reserved = [1004, 1005, 1006, 1015];
    const range = { min: 900, max: 5100 };
    fc.assert(
      fc.property(fc.oneof(fc.integer(range), fc.double(range), fc.anything()), (code) => {
        const isWhole = typeof code === 'number' && Number.isInteger(code);
        const isIn = isWhole && ((code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999));
        expect(isCloseCode(code as number)).toBe(isIn && !reserved.includes(code as number));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('FrameEncoder and FrameDecoder', () => {
  const frame = fc.record({ opcode: fc.constantFrom(1, 2), payload: bytes, rsv1: fc.boolean() });

  it('undo each other, in any cut, and the reference reads the same', () => {
    fc.assert(
      fc.property(role, kernel, fc.array(frame, { maxLength: 5 }), seed, (end, name, frames, start) => {
        const encoder = new FrameEncoder({ role: end, kernel: name });
        const stream = concat(...frames.map(({ opcode, payload, rsv1 }) => encoder.encode(opcode, payload, { rsv1 })));
        const options = { role: other[end], kernel: name, skipUtf8Validation: true } as const;
        const decoder = new FrameDecoder({ ...options, allowRsv1: true });
        const decoded = cutAtRandom(stream, 500, createRandom(start)).flatMap(
          (chunk) => decoder.decodeFrames(chunk).frames,
        );
        // As texts: comparing 64 KiB element by element takes long.
        expect(decoded.map((got) => `${got.opcode} ${got.rsv1} ${got.masked} ${describeBytes(got.payload)}`)).toEqual(
          frames.map(({ opcode, rsv1, payload }) => `${opcode} ${rsv1} ${end === 'client'} ${describeBytes(payload)}`),
        );
        expect(decoder.position).toBe(stream.length);
        if (frames.some(({ rsv1 }) => rsv1)) return;
        const { frames: read, end: stop } = referenceDecode(stream, options);
        expect(read.map(({ payload }) => describeBytes(payload))).toEqual(
          frames.map(({ payload }) => describeBytes(payload)),
        );
        expect(stop).toBe(stream.length);
      }),
    );
  });
});

describe('FrameWriter', () => {
  it('gathers what the encoder would make, whatever is given back in between', () => {
    const operation = fc.oneof(bytes, fc.constantFrom('take' as const, 'release' as const));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
        const encoder = new FrameEncoder({ role: 'server' });
        const writer = new FrameWriter(encoder);
        const expected: Uint8Array[] = [];
        const taken: Uint8Array<ArrayBuffer>[] = [];
        const seen: Uint8Array[] = [];
        for (const step of operations) {
          if (step === 'take') taken.push(writer.take());
          else if (step === 'release') {
            // What is given back must have been read before, and nothing else changes by it.
            for (const part of taken.splice(0)) {
              seen.push(part.slice());
              FrameWriter.release(part);
            }
          } else {
            writer.write(2, step);
            expected.push(encoder.encode(2, step));
          }
        }
        taken.push(writer.take());
        expect(Buffer.compare(concat(...seen, ...taken), concat(...expected))).toBe(0);
        for (const part of taken) FrameWriter.release(part);
      }),
    );
  });
});

describe('PreparedMessage', () => {
  it('is the frame that the encoder makes, the same each time', () => {
    fc.assert(
      fc.property(fc.oneof(text, bytes), (message) => {
        const prepared = new PreparedMessage(message);
        const opcode = typeof message === 'string' ? 1 : 2;
        expect(prepared.opcode).toBe(opcode);
        const frame = new FrameEncoder({ role: 'server' }).encode(opcode, message);
        expect(Buffer.compare(prepared.serverFrame, frame)).toBe(0);
        expect(prepared.serverFrame).toBe(prepared.serverFrame);
      }),
    );
  });
});

describe('MessageDecoder', () => {
  it('throws nothing and tells nothing after the end, whatever comes', () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.uint8Array({ maxLength: 20 }).map((rest) => Uint8Array.of(0x81, rest.length, ...rest)),
    );
    fc.assert(
      fc.property(role, kernel, fc.array(chunk, { maxLength: 8 }), (end, name, chunks) => {
        const decoder = new MessageDecoder({ role: end, kernel: name });
        let isOver = false;
        for (const part of chunks) {
          const events = withoutStacks(() => decoder.decode(part));
          if (isOver) expect(events).toEqual([]);
          isOver ||= events.some(({ type }) => type === 'close' || type === 'error');
          expect(decoder.isDone).toBe(isOver);
          // At most twenty times what has come, or the smallest buffer: one for a message, one for a control frame.
          expect(decoder.bufferedLength).toBeLessThanOrEqual(Math.max(256, 20 * decoder.position) + 256);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Connection', () => {
  const action = fc.oneof(
    fc.tuple(fc.constantFrom('sendText' as const, 'ping' as const, 'pong' as const), text),
    fc.tuple(fc.constantFrom('sendBinary' as const), bytes),
    fc.tuple(fc.constantFrom('startMessage' as const, 'sendFragment' as const, 'lastFragment' as const), text),
    fc.tuple(fc.constantFrom('sendPrepared' as const), text),
    fc.tuple(fc.constantFrom('close' as const), fc.constantFrom(undefined, 1000, 1005, 3000, 70000)),
    fc.tuple(fc.constantFrom('receive' as const), fc.oneof(text, fc.constantFrom('ping', 'close', 'bad'))),
    fc.tuple(fc.constantFrom('receiveEnd' as const), fc.constant(undefined)),
  );

  it('sends what the other end may take, whatever it is told to do and in whatever order', () => {
    fc.assert(
      fc.property(role, kernel, fc.array(action, { maxLength: 25 }), (end, name, actions) => {
        const connection = new Connection({ role: end, kernel: name });
        const peer = new FrameEncoder({ role: other[end] });
        const sent: Uint8Array[] = [];
        for (const [what, value] of actions) {
          try {
            withoutStacks(() => perform(connection, peer, what, value));
          } catch (error) {
            // Only what the documentation names.
            if (!(error instanceof ProtocolError)) throw error;
            expect(error.closeCode).toBeUndefined();
          }
          const part = connection.takeOutgoing();
          sent.push(part.slice());
          connection.releaseOutgoing(part);
        }
        const wire = concat(...sent);
        const { failure, frames, end: stop } = referenceDecode(wire, { role: other[end] });
        expect(failure).toBeUndefined();
        // A Close is the last thing sent, and sent once.
        expect(stop).toBe(wire.length);
        const closes = frames.filter(({ opcode }) => opcode === 8).length;
        expect(closes).toBeLessThanOrEqual(1);
        if (connection.state !== 'open') expect(() => connection.sendText('x')).toThrow(ProtocolError);
      }),
      { numRuns: 1500 },
    );
  });

  function perform(connection: Connection, peer: FrameEncoder, what: string, value: unknown): void {
    const data = value as string;
    if (what === 'receive') {
      const frame =
        data === 'ping'
          ? peer.encodePing('p')
          : data === 'close'
            ? peer.encodeClose(1001, 'bye')
            : data === 'bad'
              ? Uint8Array.of(0xff, 0xff)
              : peer.encodeText(data);
      connection.receive(frame);
    } else if (what === 'startMessage') connection.startMessage('text', data);
    else if (what === 'sendFragment') connection.sendFragment(data, false);
    else if (what === 'lastFragment') connection.sendFragment(data, true);
    else if (what === 'sendPrepared') connection.sendPrepared(new PreparedMessage(data));
    else if (what === 'close') connection.close(value as number | undefined);
    else if (what === 'receiveEnd') connection.receiveEnd();
    else if (what === 'sendBinary') connection.sendBinary(value as Uint8Array);
    else if (what === 'sendText') connection.sendText(data);
    else if (what === 'ping') connection.ping(data);
    else connection.pong(data);
  }
});

describe('selectKernel and ProtocolError', () => {
  it('know no kernel but two', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        fc.pre(!['wasm', 'portable', 'auto'].includes(name));
        expect(() => selectKernel(name as never)).toThrow(expect.objectContaining({ code: 'WSIMD_NO_KERNEL' }));
      }),
    );
  });

  it('say which rule was broken, where and in what words', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.string(), (offset, detail) => {
        const error = new ProtocolError('WSIMD_RESERVED_BITS', { offset, detail });
        expect(error).toMatchObject({ code: 'WSIMD_RESERVED_BITS', closeCode: 1002, offset, status: undefined });
        expect(error.message.endsWith(`: ${detail}`)).toBe(true);
      }),
    );
  });
});
