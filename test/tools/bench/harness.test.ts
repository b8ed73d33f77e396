// The harness: nothing is timed that does not do the work.

import { describe, expect, it } from 'vitest';
import { measure, type Subject, type Workload } from '../../../bench/core/harness.js';

const plan = { rounds: 4, warmupRounds: 1, turn: 1, rest: async () => {} };
const makeSubject = (name: string, result = 7, delivered = 'it'): Subject => ({
  name,
  run: () => result,
  output: () => delivered,
});
const makeWorkload = (...subjects: Subject[]): Workload => ({ operations: 1, bytes: 1, expected: 'it', subjects });

describe('measure', () => {
  it('takes a sample a round of each subject', async () => {
    const measured = await measure(makeWorkload(makeSubject('a'), makeSubject('b')), plan);
    expect(measured.map(({ name, samples }) => [name, samples.length])).toEqual([
      ['a', 4],
      ['b', 4],
    ]);
    for (const { samples } of measured) for (const sample of samples) expect(sample).toBeGreaterThanOrEqual(0);
  });

  it('refuses a subject that delivers something else, or comes to something else', async () => {
    const other = measure(makeWorkload(makeSubject('a'), makeSubject('b', 7, 'that')), plan);
    await expect(other).rejects.toThrow('b delivers that, not it');
    const short = measure(makeWorkload(makeSubject('a'), makeSubject('b', 6)), plan);
    await expect(short).rejects.toThrow('b comes to 6, not to 7');
  });

  it('refuses a subject that stops working while it is timed', async () => {
    let runs = 0;
    const tired = { ...makeSubject('b'), run: () => (++runs > 3 ? 0 : 7) };
    await expect(measure(makeWorkload(makeSubject('a'), tired), plan)).rejects.toThrow(
      'b no longer comes to 7 but to 0',
    );
  });

  it('takes a subject whose runs end with a promise, in turns with the others, and lets all give back what they hold', async () => {
    const given: string[] = [];
    const dispose = (name: string) => () => given.push(name);
    const slow = { ...makeSubject('b'), run: async () => 7, output: async () => 'it', dispose: dispose('b') };
    const measured = await measure(makeWorkload({ ...makeSubject('a'), dispose: dispose('a') }, slow), plan);
    expect(measured.map(({ samples }) => samples.length)).toEqual([4, 4]);
    expect(given).toEqual(['a', 'b']);
    const wrong = measure(makeWorkload({ ...slow, output: async () => 'that' }), plan);
    await expect(wrong).rejects.toThrow('b delivers that');
    expect(given).toEqual(['a', 'b', 'b']);
  });

  it('makes the input fresh before every run', async () => {
    let isFresh = false;
    const prepare = () => {
      isFresh = true;
    };
    let runs = 0;
    const run = () => {
      if (!isFresh) throw new Error('not fresh');
      isFresh = false;
      runs++;
      return 7;
    };
    await measure(makeWorkload({ ...makeSubject('a'), prepare, run }), plan);
    expect(runs).toBeGreaterThan(plan.rounds);
  });
});
