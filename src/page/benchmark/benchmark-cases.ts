// What the page's benchmark measures: each case is the same work for a kernel of either kind, on the same bytes. Knows no
// clock and no DOM. (The project's own benchmark, which compares with other libraries, is bench/.)

import { CHUNK_CAPACITY, CHUNK_PTR, UTF8_STATE_BITS } from '../../../assembly/shared/layout.js';
import { OPCODE_BINARY, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { FrameDecoder, FrameEncoder, FrameWriter, type KernelName, MessageDecoder, selectKernel } from '../../index.js';
import { concat, randomBytes } from '../bytes.js';
import { CountingHandler } from './counting-handler.js';

/** The work of a case, on one kernel. */
export interface Subject {
  /** Does it once. @returns what it comes to, the same each time and on each kernel */
  run(): number;
}

export interface BenchmarkCase {
  readonly label: string;
  /** Messages, or bytes, in one run. */
  readonly amount: number;
  make(kernel: KernelName): Subject;
}

export interface BenchmarkGroup {
  readonly title: string;
  readonly note: string;
  readonly unit: 'messages' | 'bytes';
  readonly cases: readonly BenchmarkCase[];
}

const CHUNK_LENGTH = 64 * 1024;
/** Chunks in a run: they stay in the second-level cache, as bytes fresh from a socket do. */
const CHUNKS = 6;
/** More would make the building of a case felt. */
const MAX_MESSAGES = 1500;
const CALLS = 16;

/** Called when the benchmark starts, so that a page without a run allocates nothing. */
export function makeGroups(): BenchmarkGroup[] {
  return [
    {
      title: 'Take frames apart',
      note: 'Masked binary frames in chunks of 64 KiB, one after the other by the cursor of FrameDecoder.',
      unit: 'messages',
      cases: [frameCase('16 B', 16), frameCase('125 B', 125), frameCase('1 KiB', 1024), frameCase('16 KiB', 16 * 1024)],
    },
    {
      title: 'Receive text',
      note: 'Masked text frames: unmasked, checked to be UTF-8, and handed out as strings by MessageDecoder.',
      unit: 'messages',
      cases: [
        textCase('ASCII, 125 B', makeText('the quick brown fox ', 125)),
        textCase('Chinese, 126 B', makeText('快速的棕色狐狸跳过懒狗', 126)),
        textCase('ASCII, 16 KiB', makeText('the quick brown fox ', 16 * 1024)),
      ],
    },
    {
      title: 'Send as a client',
      note: 'Framed, masked with a random key, and gathered in one buffer by FrameWriter.',
      unit: 'messages',
      cases: [
        sendCase('text, 125 B', OPCODE_TEXT, makeText('the quick brown fox ', 125)),
        sendCase('binary, 1 KiB', OPCODE_BINARY, randomBytes(1024)),
      ],
    },
    {
      title: 'The kernel alone',
      note: 'Unmasking, and checking that text is UTF-8, on 64 KiB in the memory of the kernel.',
      unit: 'bytes',
      cases: [
        maskCase(),
        validateCase('check ASCII', 'the quick brown fox '),
        validateCase('check Chinese', '快速的棕色狐狸跳过懒狗'),
      ],
    },
  ];
}

/** A text over and over, up to exactly this many bytes of UTF-8; what does not come out even is filled up with dots. */
function makeText(text: string, length: number): string {
  const unit = new TextEncoder().encode(text);
  const bytes = new Uint8Array(length).fill(0x2e);
  for (let at = 0; at + unit.length <= length; at += unit.length) bytes.set(unit, at);
  // Strings that are joined are not one piece of memory in every engine; those that are decoded are.
  return new TextDecoder().decode(bytes);
}

interface Chunks {
  readonly chunks: readonly Uint8Array[];
  readonly messages: number;
}

/** What a client sends, cut into chunks. @param next makes the payload of a message */
function makeChunks(opcode: number, next: () => Uint8Array | string): Chunks {
  const encoder = new FrameEncoder({ role: 'client' });
  const chunks: Uint8Array[] = [];
  let messages = 0;
  while (chunks.length < CHUNKS) {
    let chunk: Uint8Array = new Uint8Array(0);
    const frames: Uint8Array[] = [];
    for (let room = CHUNK_LENGTH; frames.length < MAX_MESSAGES; ) {
      const frame = encoder.encode(opcode, next());
      room -= frame.length;
      if (room < 0) break;
      frames.push(frame);
    }
    for (const frame of frames) chunk = concat(chunk, frame);
    messages += frames.length;
    chunks.push(chunk);
  }
  return { chunks, messages };
}

function frameCase(label: string, length: number): BenchmarkCase {
  const { chunks, messages } = makeChunks(OPCODE_BINARY, () => randomBytes(length));
  return {
    label,
    amount: messages,
    make(kernel) {
      const decoder = new FrameDecoder({ role: 'server', kernel });
      return {
        run() {
          let total = 0;
          for (const chunk of chunks) {
            decoder.push(chunk);
            while (decoder.next()) total += decoder.length;
          }
          return total;
        },
      };
    },
  };
}

function textCase(label: string, text: string): BenchmarkCase {
  const { chunks, messages } = makeChunks(OPCODE_TEXT, () => text);
  return {
    label,
    amount: messages,
    make(kernel) {
      // The chunks are read again and again.
      const decoder = new MessageDecoder({ role: 'server', kernel, ownsChunks: false });
      const handler = new CountingHandler();
      return {
        run() {
          handler.total = 0;
          for (const chunk of chunks) decoder.dispatch(chunk, handler);
          return handler.total;
        },
      };
    },
  };
}

function sendCase(label: string, opcode: number, payload: string | Uint8Array): BenchmarkCase {
  const amount = 256;
  const batch = 32;
  return {
    label,
    amount,
    make(kernel) {
      const writer = new FrameWriter(new FrameEncoder({ role: 'client', kernel }));
      return {
        run() {
          let total = 0;
          for (let sent = 0; sent < amount; sent += batch) {
            for (let i = 0; i < batch; i++) writer.write(opcode, payload);
            const frames = writer.take();
            total += frames.length;
            FrameWriter.release(frames);
          }
          return total;
        },
      };
    },
  };
}

function maskCase(): BenchmarkCase {
  const content = randomBytes(CHUNK_CAPACITY);
  return {
    label: 'unmask',
    amount: CALLS * CHUNK_CAPACITY,
    make(kernelName) {
      const { kernel } = selectKernel(kernelName);
      const region = new Uint8Array(kernel.memory, CHUNK_PTR, CHUNK_CAPACITY);
      region.set(content);
      return {
        run() {
          // An even number of times: the bytes are then again what they were.
          for (let call = 0; call < CALLS; call++) kernel.mask(CHUNK_PTR, CHUNK_CAPACITY, 0x3d21fa37, call & 3 & 2);
          return region[0]! + region[CHUNK_CAPACITY - 1]!;
        },
      };
    },
  };
}

function validateCase(label: string, text: string): BenchmarkCase {
  const bytes = new TextEncoder().encode(makeText(text, CHUNK_CAPACITY));
  return {
    label,
    amount: CALLS * CHUNK_CAPACITY,
    make(kernelName) {
      const { kernel } = selectKernel(kernelName);
      const region = new Uint8Array(kernel.memory, CHUNK_PTR, CHUNK_CAPACITY);
      return {
        run() {
          // The region is shared with all that this kernel does.
          region.set(bytes);
          let valid = 0;
          for (let call = 0; call < CALLS; call++) {
            const state = kernel.validate(CHUNK_PTR, CHUNK_CAPACITY, 0);
            if (state >= 0 && (state & UTF8_STATE_BITS) === 0) valid++;
          }
          return valid;
        },
      };
    },
  };
}
