// Our ways of decoding, as subjects: by cursor, as views, as owned messages. It must not know any peer, nor any runtime: the
// page in browsers measures the same.

import { OPCODE_BINARY, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { FrameDecoder, type KernelName, MessageDecoder, type Role } from '../../../src/index.js';
import { CountingHandler } from '../../../src/page/benchmark/counting-handler.js';
import { Digest } from '../../core/digest.js';
import type { Subject } from '../../core/harness.js';
import type { Stream } from '../../core/inputs.js';

/** What a `contentSubject` says that has delivered what it should. */
export const AS_EXPECTED = 'what its stream holds';

/** What every decoder here is given. */
export interface DecodeJob<Chunk extends Uint8Array = Uint8Array> {
  readonly stream: Stream;
  /** Of the decoder: a server is sent masked frames, a client unmasked ones. */
  readonly role: Role;
  /** Copies bytes into memory of their own, of the kind that this runtime's sockets deliver. */
  readonly own: (bytes: Uint8Array) => Chunk;
}

/**
 * A subject that decodes. Every run is given fresh copies of the stream's chunks, in memory that it may write to.
 *
 * @param deliver does what `run` does with a decoder of its own, and adds what it delivers to the digest
 */
export function makeDecodeSubject<Chunk extends Uint8Array>(
  name: string,
  { stream, own }: DecodeJob<Chunk>,
  run: (chunks: readonly Chunk[]) => number,
  deliver: (chunks: readonly Chunk[], digest: Digest) => void,
): Subject {
  const chunks = stream.chunks.map(own);
  // Undoes the unmasking.
  const prepare = () => {
    for (let i = 0; i < chunks.length; i++) chunks[i]!.set(stream.chunks[i]!);
  };
  const output = () => {
    const digest = new Digest();
    prepare();
    deliver(chunks, digest);
    return digest.toString();
  };
  return { name, prepare, run: () => run(chunks), output };
}

/** Adds up the lengths of the payloads. */
export function cursorSubject(name: string, kernel: KernelName, job: DecodeJob): Subject {
  const options = { role: job.role, kernel };
  const decoder = new FrameDecoder(options);
  const run = (chunks: readonly Uint8Array[]) => {
    let total = 0;
    for (const chunk of chunks) {
      decoder.push(chunk);
      while (decoder.next()) total += decoder.length;
    }
    return total;
  };
  return makeDecodeSubject(name, job, run, deliverFrames(options));
}

/**
 * Streams of the same lengths by cursor, one of each content, so that they are measured in turns: what it costs that a text
 * is validated. As what they deliver differs, each is compared with its own, and all say so in the same words.
 */
export function contentSubject(name: string, job: DecodeJob): Subject {
  const subject = cursorSubject(name, 'wasm', job);
  const output = () => {
    const delivered = subject.output();
    return delivered === job.stream.expected ? AS_EXPECTED : delivered;
  };
  return { ...subject, output };
}

/** Takes a view of each payload, or of each piece of one. */
export function viewSubject(name: string, kernel: KernelName, job: DecodeJob): Subject {
  const options = { role: job.role, kernel };
  const decoder = new FrameDecoder(options);
  const run = (chunks: readonly Uint8Array[]) => {
    let total = 0;
    for (const chunk of chunks) {
      decoder.push(chunk);
      while (decoder.next()) total += decoder.view().length;
    }
    return total;
  };
  return makeDecodeSubject(name, job, run, deliverFrames(options));
}

function deliverFrames(options: { readonly role: Role; readonly kernel: KernelName }) {
  return (chunks: readonly Uint8Array[], digest: Digest) => {
    const collecting = new FrameDecoder(options);
    let opcode = 0;
    for (const chunk of chunks) {
      collecting.push(chunk);
      while (collecting.next()) {
        digest.add(collecting.view());
        // A continuation belongs to the message that the last other frame began.
        opcode = collecting.opcode || opcode;
        if (collecting.isEnd && collecting.fin) digest.end(opcode);
      }
    }
  };
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

/** Owned messages, texts as strings. */
export function messageSubject(name: string, kernel: KernelName, job: DecodeJob): Subject {
  const options = { role: job.role, kernel };
  const decoder = new MessageDecoder(options);
  const handler = new CountingHandler();
  const run = (chunks: readonly Uint8Array[]) => {
    handler.total = 0;
    for (const chunk of chunks) decoder.dispatch(chunk, handler);
    return handler.total;
  };
  return makeDecodeSubject(name, job, run, (chunks, digest) => {
    const collecting = new MessageDecoder(options);
    for (const chunk of chunks) collecting.dispatch(chunk, new DigestingHandler(digest));
  });
}
