// Handlers that feed decoders: several streams of the fuzzer at once, on one kernel, each decoder fed from inside the
// deliveries of the others and of its own. Each must tell what it would have told alone.

import { describe, expect, it } from 'vitest';
import { Connection, type MessageHandler } from '../../../../src/index.js';
import { hex } from '../../../support/frames/wire.js';
import { createRandom } from '../../../support/inputs/random.js';
import { type ReferenceResult, referenceDecode } from '../../../support/oracles/reference-decoder.js';
import { KERNEL_NAMES, withoutStacks } from '../../../support/oracles/replay.js';
import { chunksOf } from './check.js';
import { type FuzzCase, generate } from './generate.js';

const LIMIT = 16 * 1024 * 1024;

/** A stream that is fed chunk by chunk, and what came of it. */
interface Course {
  readonly connection: Connection;
  readonly chunks: Uint8Array[];
  readonly lines: string[];
  readonly expected: readonly string[];
}

function expectedLines({ events, failure }: ReferenceResult): string[] {
  const lines = events.map(({ type, payload, closeCode }) =>
    type === 'close' ? `close ${closeCode} ${hex(payload)}` : `${type} ${hex(payload)}`,
  );
  return failure === undefined ? lines : [...lines, `error WSIMD_${failure.rule} @${failure.offset}`];
}

function makeCourse(fuzzCase: FuzzCase, kernel: (typeof KERNEL_NAMES)[number], ownsChunks: boolean): Course {
  const { role, bytes } = fuzzCase;
  if (role === 'observer') throw new Error('a connection has an end');
  return {
    connection: new Connection({ role, kernel, ownsChunks }),
    chunks: chunksOf(fuzzCase),
    lines: [],
    expected: expectedLines(referenceDecode(bytes, { role, maxMessageLength: LIMIT })),
  };
}

/** Runs the courses to their end; every delivery may feed any of them, so deep as chance will have it. */
function runNested(courses: readonly Course[], random: () => number): void {
  let depth = 0;
  const feed = (course: Course) => {
    const chunk = course.chunks.shift();
    if (chunk === undefined) return;
    depth++;
    course.connection.dispatch(chunk, handlerFor(course));
    depth--;
  };
  const handlerFor = (course: Course): MessageHandler => {
    const told = (line: string) => {
      course.lines.push(line);
      if (depth < 8 && random() % 2 === 0) feed(courses[random() % courses.length]!);
      // What is sent passes through the same memory.
      const other = courses[random() % courses.length]!.connection;
      if (other.state === 'open' && random() % 3 === 0) other.sendText('grüße'.repeat(random() % 60));
    };
    return {
      onText: (text) => told(`text ${hex(Buffer.from(text))}`),
      onBinary: (data) => {
        told(`binary ${hex(data)}`);
        // It is still what it was, whatever has been decoded since.
        course.lines.push(course.lines.includes(`binary ${hex(data)}`) ? '' : 'changed');
      },
      onPing: (payload) => told(`ping ${hex(payload)}`),
      onPong: (payload) => told(`pong ${hex(payload)}`),
      onClose: (closeCode, reason) => told(`close ${closeCode} ${hex(Buffer.from(reason))}`),
      onError: (error) => told(`error ${error.code} @${error.offset}`),
    };
  };
  while (courses.some(({ chunks }) => chunks.length > 0)) feed(courses[random() % courses.length]!);
}

describe.each(KERNEL_NAMES)('nested deliveries on the %s kernel', (kernel) => {
  it('keep every stream apart and in order', () => {
    withoutStacks(() => {
      for (let seed = 0; seed < 1500; seed++) {
        const random = createRandom(seed);
        const cases: FuzzCase[] = [];
        for (let next = seed * 100; cases.length < 3; next++) {
          const fuzzCase = generate(next);
          if (fuzzCase.role !== 'observer') cases.push({ ...fuzzCase, options: {} });
        }
        const courses = cases.map((fuzzCase) => makeCourse(fuzzCase, kernel, random() % 2 === 0));
        runNested(courses, random);
        for (const { lines, expected } of courses) {
          const seen = lines.filter((line) => line !== '');
          if (seen.join() !== expected.join()) expect(seen, `seed ${seed}`).toEqual(expected);
        }
      }
    });
  });
});
