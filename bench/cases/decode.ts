// Decoding what a client sends: by cursor, as messages, with one frame in each chunk. It must not know how things are timed.

import { OPCODE_BINARY, OPCODE_TEXT } from '../../assembly/protocol.js';
import {
  FrameDecoder,
  type KernelName,
  MessageDecoder,
  type MessageHandler,
  type ProtocolError,
} from '../../src/index.js';
import { Digest } from '../digest.js';
import type { Group, Subject } from '../harness.js';
import { makeStream, type Stream } from '../inputs.js';
import { createReceiver, toOwnBuffer } from '../peers.js';

const SIZES = [16, 64, 125, 512, 1024, 8192, 60000];
const CJK_SIZES = [64, 512, 8192, 60000];
const CONTENTS = [
  { content: 'binary', name: 'binary', sizes: SIZES },
  { content: 'ascii', name: 'ASCII text', sizes: SIZES },
  { content: 'cjk', name: 'CJK text', sizes: CJK_SIZES },
] as const;

const FRESH = 'Every run is given fresh copies of its chunks; copying them is not timed.';
const NO_CURSOR = 'ws has no cursor: it is its Receiver, whose user reads the length of each Buffer.';
const AS_STRINGS = 'Texts are delivered as strings: ws gives a Buffer, of which its user makes the string (timed).';

/** A stream's chunks as Node's sockets deliver them, in memory that a decoder may write to. */
class ChunkPool {
  readonly chunks: readonly Buffer[];
  readonly #stream: Stream;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.chunks = stream.chunks.map(toOwnBuffer);
  }

  /** Undoes the unmasking. */
  refill(): this {
    const { chunks } = this.#stream;
    for (let i = 0; i < chunks.length; i++) this.chunks[i]!.set(chunks[i]!);
    return this;
  }
}

/** What the three kinds of subject have in common: a decoder, and another one of the same kind to look at its output. */
function makeSubject(
  name: string,
  stream: Stream,
  run: (chunks: readonly Buffer[]) => number,
  deliver: (chunks: readonly Buffer[], digest: Digest) => void,
): Subject {
  const pool = new ChunkPool(stream);
  return {
    name,
    prepare: () => pool.refill(),
    run: () => run(pool.chunks),
    output() {
      const digest = new Digest();
      deliver(pool.refill().chunks, digest);
      return digest.toString();
    },
  };
}

/** Adds up the lengths of the payloads. */
function cursorSubject(name: string, kernel: KernelName, stream: Stream): Subject {
  const options = { role: 'server', kernel } as const;
  const decoder = new FrameDecoder(options);
  const run = (chunks: readonly Buffer[]) => {
    let total = 0;
    for (const chunk of chunks) {
      decoder.push(chunk);
      while (decoder.next()) total += decoder.length;
    }
    return total;
  };
  return makeSubject(name, stream, run, (chunks, digest) => {
    const collecting = new FrameDecoder(options);
    for (const chunk of chunks) {
      collecting.push(chunk);
      while (collecting.next()) {
        digest.add(collecting.view());
        if (collecting.isEnd) digest.end(collecting.opcode);
      }
    }
  });
}

/** Adds up the lengths of what it is given. */
class CountingHandler implements MessageHandler {
  total = 0;

  onText(text: string): void {
    this.total += text.length;
  }
  onBinary(data: Uint8Array): void {
    this.total += data.length;
  }
  onPing(): void {}
  onPong(): void {}
  onClose(): void {}
  onError(error: ProtocolError): void {
    throw error;
  }
}

class DigestingHandler extends CountingHandler {
  readonly #digest: Digest;

  constructor(digest: Digest) {
    super();
    this.#digest = digest;
  }
  override onText(text: string): void {
    this.#digest.add(text).end(OPCODE_TEXT);
  }
  override onBinary(data: Uint8Array): void {
    this.#digest.add(data).end(OPCODE_BINARY);
  }
}

function messageSubject(name: string, kernel: KernelName, stream: Stream): Subject {
  const options = { role: 'server', kernel } as const;
  const decoder = new MessageDecoder(options);
  const handler = new CountingHandler();
  const run = (chunks: readonly Buffer[]) => {
    handler.total = 0;
    for (const chunk of chunks) decoder.dispatch(chunk, handler);
    return handler.total;
  };
  return makeSubject(name, stream, run, (chunks, digest) => {
    const collecting = new MessageDecoder(options);
    for (const chunk of chunks) collecting.dispatch(chunk, new DigestingHandler(digest));
  });
}

/** @param makesStrings its user wants the text of a text; else a Buffer will do */
function wsSubject(stream: Stream, makesStrings: boolean): Subject {
  let total = 0;
  const receiver = createReceiver((data, isBinary) => {
    total += isBinary || !makesStrings ? data.length : data.toString().length;
  });
  const run = (chunks: readonly Buffer[]) => {
    total = 0;
    for (const chunk of chunks) receiver.write(chunk);
    return total;
  };
  return makeSubject('ws', stream, run, (chunks, digest) => {
    const collecting = createReceiver((data, isBinary) => {
      digest.add(isBinary ? data : data.toString()).end(isBinary ? OPCODE_BINARY : OPCODE_TEXT);
    });
    for (const chunk of chunks) collecting.write(chunk);
  });
}

const messageSubjects = (stream: Stream) => [
  messageSubject('wsimd', 'wasm', stream),
  messageSubject('portable', 'portable', stream),
  wsSubject(stream, true),
];

const cursorSubjects = (stream: Stream) => [
  cursorSubject('wsimd', 'wasm', stream),
  cursorSubject('portable', 'portable', stream),
  wsSubject(stream, false),
];

/** The ways of taking what was decoded, and how the stream is cut. */
const WAYS = [
  { id: 'cursor', title: 'by cursor', cut: 'stream', makeSubjects: cursorSubjects },
  { id: 'messages', title: 'to owned messages', cut: 'stream', makeSubjects: messageSubjects },
  { id: 'single', title: 'to owned messages', cut: 'frames', makeSubjects: messageSubjects },
] as const;

export const decodeGroups: readonly Group[] = WAYS.flatMap(({ id, title, cut, makeSubjects }) =>
  CONTENTS.map(({ content, name, sizes }) => ({
    id: `decode/${id}/${content}`,
    title: `Decode ${title}: masked ${name}, ${cut === 'stream' ? '64 KiB chunks' : 'one frame a chunk'}`,
    notes: [...(id === 'cursor' ? [NO_CURSOR] : content === 'binary' ? [] : [AS_STRINGS]), FRESH],
    pairs: [
      ['wsimd', 'ws'],
      ['wsimd', 'portable'],
    ],
    cases: sizes.map((size) => ({
      label: String(size),
      make() {
        const stream = makeStream(content, size, cut);
        const { messages, bytes, expected } = stream;
        return { operations: messages, bytes, expected, subjects: makeSubjects(stream) };
      },
    })),
  })),
);
