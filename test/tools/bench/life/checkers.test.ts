// bench/run/load/checkers and wire: the load notices a server that answers wrongly.

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { makeFrame } from '../../../../bench/core/frames.js';
import {
  ByteChecker,
  type Checker,
  CompressedChecker,
  PayloadChecker,
  PushChecker,
} from '../../../../bench/run/load/checkers.js';
import {
  FrameCycle,
  makeCompressedRequests,
  makeJsonCycle,
  makePayloadCycle,
  makeReplies,
  makeRequests,
} from '../../../../bench/run/load/wire.js';
import { makePushText } from '../../../../bench/subjects/server/application.js';
import { BINARY, TEXT } from '../../../support/frames/wire.js';

const RSV1 = 0x40;
const messages = { form: 'binary', size: 200, inFlight: 3 } as const;

/** Feeds bytes in chunks of one length, and counts what is whole. */
function feed(checker: Checker, bytes: Uint8Array, chunkLength: number): number {
  // One Buffer for all chunks, as the sockets of the load have.
  const buffer = Buffer.alloc(chunkLength + 1);
  let whole = 0;
  for (let at = 0; at < bytes.length; at += chunkLength) {
    const chunk = bytes.subarray(at, at + chunkLength);
    buffer.set(chunk, 1);
    whole += checker.take(buffer, 1, 1 + chunk.length);
  }
  return whole;
}

describe('the wire', () => {
  it('has at least as many different messages as are in flight, and no more than a mebibyte of others', () => {
    expect(makePayloadCycle({ form: 'binary', size: 64, inFlight: 1 })).toHaveLength(16);
    expect(makePayloadCycle({ form: 'binary', size: 64, inFlight: 40 })).toHaveLength(40);
    expect(makePayloadCycle({ form: 'binary', size: 1024 * 1024, inFlight: 2 })).toHaveLength(2);
  });

  it('cuts any stretch of a cycle at the ends of frames', () => {
    const cycle = new FrameCycle([new Uint8Array(3).fill(1), new Uint8Array(5).fill(2)]);
    expect([...cycle.slice(1, 2)]).toEqual([2, 2, 2, 2, 2, 1, 1, 1]);
    expect([...cycle.slice(4, 1)]).toEqual([1, 1, 1]);
    expect(cycle.length).toBe(8);
  });

  it('masks what a client sends, each frame with a key of its own', () => {
    const { bytes, frameLength } = makeRequests(messages);
    const keys = [0, 1].map((i) => bytes.readUInt32BE(i * frameLength + 4));
    expect(bytes[1]! & 0x80).toBe(0x80);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it.each(['takeover', 'no-takeover'] as const)(
    'inflates to the same JSON when cycles follow each other, %s',
    (compression) => {
      const payloads = makeJsonCycle(175).slice(0, 20);
      const { bytes } = makeCompressedRequests(payloads, compression);
      const deflated: Buffer[] = [];
      for (let at = 0; at < bytes.length; ) {
        expect(bytes[at]).toBe(0xc1);
        const short = bytes[at + 1]! & 0x7f;
        const headerLength = short === 126 ? 8 : 6;
        const length = short === 126 ? bytes.readUInt16BE(at + 2) : short;
        const key = bytes.subarray(at + headerLength - 4, at + headerLength);
        const start = at + headerLength;
        deflated.push(
          Buffer.concat([
            Buffer.from(bytes.subarray(start, start + length).map((byte, i) => byte ^ key[i & 3]!)),
            Buffer.from([0, 0, 255, 255]),
          ]),
        );
        at = start + length;
      }
      const options = { finishFlush: constants.Z_SYNC_FLUSH };
      const texts =
        compression === 'takeover'
          ? inflateRawSync(Buffer.concat(deflated), options)
          : Buffer.concat(deflated.map((one) => inflateRawSync(one, options)));
      expect(texts.equals(Buffer.concat([...payloads, ...payloads]))).toBe(true);
      const total = bytes.length / 2 / payloads.length;
      expect(total).toBeLessThan(compression === 'takeover' ? 110 : 160);
    },
  );
});

describe('ByteChecker', () => {
  it.each([1, 7, 64 * 1024])('counts the messages of %i-byte chunks', (chunkLength) => {
    const replies = makeReplies(messages);
    expect(feed(new ByteChecker(replies), Buffer.concat([replies.bytes, replies.bytes]), chunkLength)).toBe(
      4 * replies.count,
    );
  });

  it('refuses one wrong bit, in a header and in a payload', () => {
    const replies = makeReplies(messages);
    for (const at of [0, 1, 100, replies.frameLength + 3]) {
      const bytes = Buffer.from(replies.bytes);
      bytes[at]! ^= 1;
      expect(() => feed(new ByteChecker(replies), bytes, 50)).toThrow('not what was sent');
    }
  });
});

describe('PayloadChecker', () => {
  const payloads = makePayloadCycle(messages);
  const whole = Buffer.concat(payloads);

  it.each([1, 130, 70_000])('counts messages however they are cut into frames, %i bytes each', (frameLength) => {
    const frames: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += frameLength)
      frames.push(makeFrame(BINARY, whole.subarray(at, at + frameLength)));
    expect(feed(new PayloadChecker(payloads), Buffer.concat(frames), 37)).toBe(payloads.length);
  });

  it('refuses a wrong payload and a masked frame', () => {
    const wrong = Buffer.from(whole);
    wrong[321]! ^= 1;
    expect(() => feed(new PayloadChecker(payloads), makeFrame(BINARY, wrong), 1000)).toThrow('not what was sent');
    const masked = makeFrame(BINARY, whole, new Uint8Array(4));
    expect(() => feed(new PayloadChecker(payloads), masked, 1000)).toThrow('masks');
  });
});

describe('CompressedChecker', () => {
  const payloads = makeJsonCycle(175).slice(0, 10);
  const deflate = (payload: Uint8Array, dictionary?: Buffer) =>
    deflateRawSync(payload, {
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(dictionary === undefined ? {} : { dictionary }),
    }).subarray(0, -4);
  const compressedFrame = (payload: Uint8Array) => {
    const frame = makeFrame(TEXT, payload);
    frame[0]! |= RSV1;
    return frame;
  };

  it('accepts messages compressed alone, in one window, and not at all', () => {
    const alone = payloads.map((payload) => compressedFrame(deflate(payload)));
    const inWindow = payloads.map((payload, i) =>
      compressedFrame(i === 0 ? deflate(payload) : deflate(payload, Buffer.concat(payloads.slice(0, i)))),
    );
    const plain = payloads.map((payload) => makeFrame(TEXT, payload));
    for (const [frames, hasTakeover] of [
      [alone, false],
      [inWindow, true],
      [plain, true],
    ] as const) {
      const checker = new CompressedChecker(payloads, hasTakeover, true);
      expect(feed(checker, Buffer.concat(frames), 11)).toBe(payloads.length);
      checker.verify();
    }
  });

  it('refuses a message that is not what was sent', () => {
    const checker = new CompressedChecker(payloads, false, true);
    const swapped = [payloads[1]!, payloads[0]!, payloads[2]!].map((payload) => compressedFrame(deflate(payload)));
    feed(checker, Buffer.concat(swapped), 1000);
    expect(() => checker.verify()).toThrow('not what was sent');
  });
});

describe('PushChecker', () => {
  it('reads how old a message is, however it is cut', () => {
    for (const chunkLength of [1, 5, 1000]) {
      const latencies: number[] = [];
      const checker = new PushChecker(200, (milliseconds) => latencies.push(milliseconds));
      const frame = makeFrame(TEXT, Buffer.from(makePushText(200)));
      expect(feed(checker, Buffer.concat([frame, frame]), chunkLength)).toBe(2);
      expect(latencies).toHaveLength(2);
      for (const latency of latencies) expect(latency).toBeLessThan(5_000);
    }
  });

  it('refuses other lengths, binary messages and other texts', () => {
    const text = makePushText(40);
    const wrong = [
      makeFrame(TEXT, Buffer.from(`${text}x`)),
      makeFrame(BINARY, Buffer.from(text)),
      makeFrame(TEXT, Buffer.from(text.replace('xx', 'xy'))),
    ];
    for (const frame of wrong) expect(() => feed(new PushChecker(40, () => {}), frame, 1000)).toThrow('wrong');
  });
});
