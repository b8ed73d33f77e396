// What can be fuzzed, under one roof: how a case is made, put to the test, made smaller and written down.

import { checkDeflate, formatDeflate, generateDeflate, smallerDeflate } from './deflate/deflate.js';
import type { DeflateCase } from './deflate/deflate-case.js';
import { check, type DifferenceCounts } from './frames/check.js';
import { type FuzzCase, generate } from './frames/generate.js';
import { shrinkBy, smallerFrames } from './frames/shrink.js';
import {
  checkHandshake,
  formatHandshake,
  generateHandshake,
  type HandshakeCase,
  smallerHandshake,
} from './handshake/handshake.js';
import { formatCase } from './kept.js';

/** How often a difference of `ws` explained what it made of a stream. */
export const differences: DifferenceCounts = new Map();

export interface Target {
  readonly name: string;
  /** Cases between two looks at the clock. */
  readonly batch: number;
  /**
   * Makes the case of a seed and puts it to the test.
   *
   * @returns how long it is, and what is wrong with it, shrunk, as a line to be kept
   */
  run(seed: number): Promise<{ readonly length: number; readonly fault?: string }>;
}

interface Parts<Case> {
  readonly generate: (seed: number) => Case;
  /** @returns what differs */
  readonly check: (fuzzCase: Case, turn: number) => string | undefined | Promise<string | undefined>;
  readonly smaller: (fuzzCase: Case) => Case[];
  readonly format: (fuzzCase: Case, note: string) => string;
  readonly lengthOf: (fuzzCase: Case) => number;
}

function target<Case>(name: string, batch: number, parts: Parts<Case>): Target {
  const problemOf = async (fuzzCase: Case, seed: number) => {
    try {
      return await parts.check(fuzzCase, seed);
    } catch (error) {
      return `it threw: ${String(error)}`;
    }
  };
  return {
    name,
    batch,
    async run(seed) {
      const fuzzCase = parts.generate(seed);
      const length = parts.lengthOf(fuzzCase);
      if ((await problemOf(fuzzCase, seed)) === undefined) return { length };
      const isFaulty = async (smaller: Case) => (await problemOf(smaller, seed)) !== undefined;
      const smallest = await shrinkBy(fuzzCase, parts.smaller, isFaulty);
      return { length, fault: parts.format(smallest, (await problemOf(smallest, seed)) ?? '') };
    },
  };
}

export const TARGETS: readonly Target[] = [
  target<FuzzCase>('frames', 1000, {
    generate,
    check: (fuzzCase, turn) => check(fuzzCase, turn, differences),
    smaller: smallerFrames,
    format: formatCase,
    lengthOf: ({ bytes }) => bytes.length,
  }),
  target<DeflateCase>('deflate', 200, {
    generate: generateDeflate,
    check: (fuzzCase) => checkDeflate(fuzzCase, differences),
    smaller: smallerDeflate,
    format: formatDeflate,
    lengthOf: ({ messages }) => messages.reduce((sum, { payload }) => sum + payload.length, 0),
  }),
  target<HandshakeCase>('handshake', 500, {
    generate: generateHandshake,
    check: checkHandshake,
    smaller: smallerHandshake,
    format: formatHandshake,
    lengthOf: ({ text }) => text.length,
  }),
];
