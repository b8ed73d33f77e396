// The fuzzer's short run: a few thousand streams of fixed seeds, a few of a seed of this run, and all that was ever found.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkDeflate, formatDeflate, generateDeflate, parseDeflate } from './deflate/deflate.js';
import { DEFLATE_DIFFERENCES } from './deflate/ws-deflate.js';
import { check, type DifferenceCounts } from './frames/check.js';
import { type FuzzCase, generate } from './frames/generate.js';
import { shrink } from './frames/shrink.js';
import { DIFFERENCES, receiveWithWs } from './frames/ws-receiver.js';
import { checkHandshake, generateHandshake } from './handshake/handshake.js';
import { formatCase, parseCase } from './kept.js';
import { TARGETS } from './targets.js';

async function expectNoFault(fuzzCase: FuzzCase, turn: number, differences?: DifferenceCounts): Promise<void> {
  const problem = check(fuzzCase, turn, differences);
  if (problem === undefined) return;
  const smallest = await shrink(fuzzCase, (smaller) => check(smaller, turn) !== undefined);
  expect.unreachable(`${problem}\n${formatCase(smallest, check(smallest, turn) ?? '')}`);
}

async function withoutStacks(work: () => Promise<void>): Promise<void> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    await work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

describe('both kernels, the reference decoder and ws agree', () => {
  it('on streams of fixed seeds', async () => {
    await withoutStacks(async () => {
      for (let seed = 0; seed < 12_000; seed++) await expectNoFault(generate(seed), seed);
    });
  });

  it.each(DIFFERENCES)('where ws does not: $name', async ({ name, example, options = {} }) => {
    const differences: DifferenceCounts = new Map();
    const bytes = Uint8Array.from(Buffer.from(example, 'hex'));
    await expectNoFault({ role: 'server', options, bytes, cuts: [] }, 0, differences);
    expect([...differences]).toEqual([[name, 1]]);
  });

  it('on streams of a seed of this run', async () => {
    const start = Math.floor(Math.random() * 2 ** 31);
    await withoutStacks(async () => {
      for (let seed = start; seed < start + 3000; seed++) await expectNoFault(generate(seed), seed);
    });
  });

  const kept = readFileSync(new URL('kept.jsonl', import.meta.url), 'utf8')
    .split('\n')
    .filter(Boolean);
  it.each(kept.map((line) => [JSON.parse(line).note as string, line] as const))(
    'on a case that was kept: %s',
    async (_, line) => {
      const { target, ...fuzzCase } = JSON.parse(line);
      if (target === 'deflate') expect(await checkDeflate(parseDeflate(line))).toBeUndefined();
      else if (target === 'handshake') expect(checkHandshake(fuzzCase)).toBeUndefined();
      else for (let turn = 0; turn < 10; turn++) await expectNoFault(parseCase(line), turn);
    },
  );
});

describe.each([
  ['deflate', 200],
  ['handshake', 2000],
] as const)('the target %s', (name, count) => {
  const target = TARGETS.find((one) => one.name === name)!;

  it.each([0, Math.floor(Math.random() * 2 ** 31)])('finds no fault from seed %i on', async (start) => {
    await withoutStacks(async () => {
      for (let seed = start; seed < start + count; seed++) expect((await target.run(seed)).fault).toBeUndefined();
    });
  });
});

describe('with permessage-deflate', () => {
  it.each(DEFLATE_DIFFERENCES)('ws differs where it is known to: $name', async ({ name, example }) => {
    const { payloads, isText = false, ...options } = example;
    const messages = payloads.map((hex) => {
      return { isText, isCompressed: true, payload: Uint8Array.from(Buffer.from(hex, 'hex')), cuts: [] };
    });
    const differences: DifferenceCounts = new Map();
    expect(await checkDeflate({ ...options, messages, chunkLength: 0 }, differences)).toBeUndefined();
    expect([...differences]).toEqual([[name, 1]]);
  });
});

describe('what the targets are given', () => {
  it('is the same from the same seed, and comes back from its line', async () => {
    for (let seed = 0; seed < 50; seed++) {
      expect(generateDeflate(seed)).toEqual(generateDeflate(seed));
      expect(generateHandshake(seed)).toEqual(generateHandshake(seed));
      const fuzzCase = generateDeflate(seed);
      const parsed = parseDeflate(formatDeflate(fuzzCase, 'note'));
      expect(await checkDeflate(parsed)).toBeUndefined();
      expect(parsed.messages.map(({ payload }) => [...payload])).toEqual(
        fuzzCase.messages.map(({ payload }) => [...payload]),
      );
    }
  });

  it('is refused where it breaks a rule', async () => {
    const [message] = generateDeflate(3).messages;
    const asPlain = { ...message!, isCompressed: true, payload: Uint8Array.of(0x06), cuts: [] };
    const cases = { windowBits: 15, takeover: true, maxMessageLength: 100, chunkLength: 0 };
    expect(await checkDeflate({ ...cases, messages: [asPlain, asPlain] })).toBeUndefined();
    expect(checkHandshake({ role: 'extensions', text: 'a;b="c,d"', cut: 0 })).toBeUndefined();
  });
});

describe('the generator', () => {
  it('makes the same stream of the same seed', () => {
    for (let seed = 0; seed < 50; seed++) expect(generate(seed)).toEqual(generate(seed));
  });

  it('reaches every error, every event and every kind of cut', () => {
    const rules = new Set<string>();
    const types = new Set<string>();
    const cuts = new Set<number>();
    for (let seed = 0; seed < 12_000; seed++) {
      const fuzzCase = generate(seed);
      cuts.add(Math.min(fuzzCase.cuts.length, 6));
      if (fuzzCase.role === 'observer') continue;
      const { events, closeCode } = receiveWithWs(fuzzCase, [fuzzCase.bytes]);
      for (const { type } of events) types.add(type);
      rules.add(String(closeCode));
    }
    expect([...rules].sort()).toEqual(['1002', '1007', '1009', 'undefined']);
    expect([...types].sort()).toEqual(['binary', 'close', 'ping', 'pong', 'text']);
    expect([...cuts].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe('the shrinker', () => {
  it('leaves what shows the fault, and nothing else', async () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
    const start: FuzzCase = { role: 'server', options: { maxFrameLength: 5 }, bytes, cuts: [3, 50, 70] };
    const smallest = await shrink(
      start,
      ({ bytes, cuts }) => bytes.includes(60) && bytes.includes(77) && cuts.length > 0,
    );
    expect(smallest).toMatchObject({ options: {}, bytes: Uint8Array.of(60, 77) });
    expect(smallest.cuts).toHaveLength(1);
    expect(parseCase(formatCase(smallest, 'note'))).toEqual({ ...smallest, note: 'note' });
  });
});
