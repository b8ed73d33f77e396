// Kernel.encode: the header in front of a payload, and the payload masked in place, against RFC 6455 section 5.2 written
// out and against the framing of ws, over both kernels.

import { expect, it } from 'vitest';
import * as ws from 'ws';
import { SCRATCH_CAPACITY, SCRATCH_PTR } from '../../../../assembly/shared/layout.js';
import { MAX_HEADER_LENGTH } from '../../../../assembly/shared/protocol.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { keyNumber } from '../../../support/kernels/decoding.js';
import { describeKernels } from '../../../support/kernels/kernels.js';

/** What the types of ws leave out. */
interface SenderOptions {
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly opcode: number;
  readonly mask: boolean;
  readonly readOnly: boolean;
  readonly maskBuffer?: Buffer;
  readonly generateMask?: (maskingKey: Buffer) => void;
}
const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: SenderOptions): Buffer[] } };

const MASKING_KEY = [0xde, 0x01, 0xbe, 0xf7] as const;
const MASKING_KEYS = [MASKING_KEY, [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0x80]] as const;

/** The header of section 5.2, written out. */
function headerOf(first: number, payloadLength: number, maskingKey?: readonly number[]): number[] {
  const maskBit = maskingKey ? 0x80 : 0;
  const bytes = [first];
  if (payloadLength <= 125) {
    bytes.push(maskBit | payloadLength);
  } else {
    const is16 = payloadLength <= 65535;
    const extended = Buffer.alloc(8);
    extended.writeBigUInt64BE(BigInt(payloadLength));
    bytes.push(maskBit | (is16 ? 126 : 127), ...extended.subarray(is16 ? 6 : 0));
  }
  return [...bytes, ...(maskingKey ?? [])];
}

const HEADER_LENGTHS: readonly (readonly [payloadLength: number, headerLength: number])[] = [
  [0, 2],
  [1, 2],
  [124, 2],
  [125, 2],
  [126, 4],
  [127, 4],
  [255, 4],
  [256, 4],
  [65534, 4],
  [65535, 4],
  [65536, 10],
  [65537, 10],
  [2 ** 24, 10],
  [2 ** 31 - 1, 10],
  [2 ** 31, 10],
  [2 ** 31 + 1, 10],
  [2 ** 32 - 1, 10],
  [2 ** 32, 10],
  [2 ** 32 + 1, 10],
  [2 ** 48 + 0x1234, 10],
  [2 ** 53 - 2, 10],
  [2 ** 53 - 1, 10],
];

describeKernels('encode', (kernel, memory) => {
  it.each(HEADER_LENGTHS)('writes the header of %i bytes of payload, masked or not', (payloadLength, headerLength) => {
    const payload = randomBytes(11, payloadLength % 1000);
    // Scratch begins at a word's border, and a payload may lie at any address in it.
    for (const payloadPtr of [SCRATCH_PTR, SCRATCH_PTR + 15, SCRATCH_PTR + 16, SCRATCH_PTR + 1001]) {
      for (const maskingKey of [undefined, ...MASKING_KEYS]) {
        memory.fill(0xcc, payloadPtr - 32, payloadPtr + 64);
        memory.set(payload, payloadPtr);
        const expected = memory.slice();
        const header = headerOf(0x82, payloadLength, maskingKey);
        expected.set(header, payloadPtr - header.length);
        // The payload of a longer frame is here in part: this part is masked from phase 0.
        if (maskingKey)
          expected.set(
            payload.map((byte, i) => byte ^ maskingKey[i % 4]!),
            payloadPtr,
          );

        const written = kernel.encode(
          payloadPtr,
          payload.length,
          0x82,
          payloadLength,
          maskingKey ? 1 : 0,
          maskingKey ? keyNumber(maskingKey) : 0,
        );
        expect(written).toBe(headerLength + (maskingKey ? 4 : 0));
        expect(written).toBe(header.length);
        expect(Buffer.compare(memory, expected)).toBe(0);
      }
    }
  });

  it('writes each first byte as it is', () => {
    for (let first = 0; first < 256; first++) {
      for (const [payloadLength, maskingKey] of [
        [5, undefined],
        [300, MASKING_KEY],
        [70000, MASKING_KEY],
      ] as const) {
        const header = headerOf(first, payloadLength, maskingKey);
        const ptr = SCRATCH_PTR + 64;
        memory.fill(0xcc, ptr - 32, ptr + 32);
        const key = maskingKey ? keyNumber(maskingKey) : 0;
        expect(kernel.encode(ptr, 0, first, payloadLength, maskingKey ? 1 : 0, key)).toBe(header.length);
        expect([...memory.subarray(ptr - header.length, ptr)]).toEqual(header);
      }
    }
  });

  it('takes a masking key as a signed or an unsigned number', () => {
    const written = [keyNumber(MASKING_KEY), keyNumber(MASKING_KEY) | 0].map((maskingKey) => {
      memory.set(randomBytes(40, 4), SCRATCH_PTR);
      kernel.encode(SCRATCH_PTR, 40, 0x81, 40, 1, maskingKey);
      return [...memory.subarray(SCRATCH_PTR - 6, SCRATCH_PTR + 40)];
    });
    expect(written[0]).toEqual(written[1]);
  });

  it('leaves the payload alone where it does not mask, whatever key it is given', () => {
    const payload = randomBytes(200, 5);
    memory.set(payload, SCRATCH_PTR);
    expect(kernel.encode(SCRATCH_PTR, 200, 0x82, 200, 0, keyNumber(MASKING_KEY))).toBe(4);
    expect([...memory.subarray(SCRATCH_PTR - 4, SCRATCH_PTR + 200)]).toEqual([...headerOf(0x82, 200), ...payload]);
  });

  it('frames as ws does', () => {
    const lengths = [...Array(300).keys(), 1000, 1023, 4096, 65534, 65535, 65536];
    for (const length of lengths) {
      for (const isMasked of [false, true]) {
        for (const [fin, rsv1, opcode] of [
          [true, false, 2],
          [true, true, 1],
          [false, false, 1],
          [false, false, 0],
        ] as const) {
          if (length > 300 && opcode !== 2) continue;
          const payload = Buffer.from(randomBytes(length, length));
          const wanted = Buffer.concat(
            Sender.frame(Buffer.from(payload), {
              fin,
              rsv1,
              opcode,
              mask: isMasked,
              readOnly: true,
              maskBuffer: Buffer.from(MASKING_KEY),
              generateMask: (maskingKey) => maskingKey.set(MASKING_KEY),
            }),
          );
          const ptr = SCRATCH_PTR + (length <= 4096 ? length % 16 : 0);
          memory.fill(0xcc, ptr - 64, ptr);
          memory.set(payload, ptr);
          memory.fill(0xcc, ptr + length, ptr + length + 64);
          const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
          const key = isMasked ? keyNumber(MASKING_KEY) : 0;
          const headerLength = kernel.encode(ptr, length, first, length, isMasked ? 1 : 0, key);
          const message = `length ${length}, masked ${isMasked}, first ${first}`;
          expect(Buffer.compare(memory.subarray(ptr - headerLength, ptr + length), wanted), message).toBe(0);
          expect(
            memory.subarray(ptr - 64, ptr - headerLength).every((byte) => byte === 0xcc),
            message,
          ).toBe(true);
          expect(
            memory.subarray(ptr + length, ptr + length + 64).every((byte) => byte === 0xcc),
            message,
          ).toBe(true);
        }
      }
    }
  });

  it('masks a whole scratch behind the longest header', () => {
    const payload = randomBytes(SCRATCH_CAPACITY, 6);
    memory.fill(0xcc, SCRATCH_PTR - 64, SCRATCH_PTR);
    memory.set(payload, SCRATCH_PTR);
    const expected = memory.slice();
    expected.set(headerOf(0x02, SCRATCH_CAPACITY, MASKING_KEY), SCRATCH_PTR - MAX_HEADER_LENGTH);
    expected.set(
      payload.map((byte, i) => byte ^ MASKING_KEY[i % 4]!),
      SCRATCH_PTR,
    );
    const key = keyNumber(MASKING_KEY);
    expect(kernel.encode(SCRATCH_PTR, SCRATCH_CAPACITY, 0x02, SCRATCH_CAPACITY, 1, key)).toBe(MAX_HEADER_LENGTH);
    expect(Buffer.compare(memory, expected)).toBe(0);
  });
});
