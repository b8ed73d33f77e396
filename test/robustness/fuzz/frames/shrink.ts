// Makes a case that shows a fault smaller as long as it shows one: fewer options, fewer cuts, fewer bytes, plainer bytes.

import type { FuzzCase } from './generate.js';

/** A stream of frames. @param isFaulty whether a case still shows a fault */
export function shrink(fuzzCase: FuzzCase, isFaulty: (fuzzCase: FuzzCase) => boolean): Promise<FuzzCase> {
  return shrinkBy(fuzzCase, smallerFrames, isFaulty);
}

/** Any case. @param candidates cases that are smaller in one respect, the greatest step first */
export async function shrinkBy<Case>(
  fuzzCase: Case,
  candidates: (fuzzCase: Case) => Case[],
  isFaulty: (fuzzCase: Case) => boolean | Promise<boolean>,
): Promise<Case> {
  for (const smaller of candidates(fuzzCase)) {
    if (await isFaulty(smaller)) return shrinkBy(smaller, candidates, isFaulty);
  }
  return fuzzCase;
}

/** Cases that are smaller in one respect, the greatest step first. */
export function smallerFrames(fuzzCase: FuzzCase): FuzzCase[] {
  const { bytes, cuts, options } = fuzzCase;
  const smaller: FuzzCase[] = [];
  for (const name of Object.keys(options)) {
    smaller.push({ ...fuzzCase, options: Object.fromEntries(Object.entries(options).filter(([key]) => key !== name)) });
  }
  if (cuts.length > 0) smaller.push({ ...fuzzCase, cuts: [] });
  for (const i of cuts.keys()) smaller.push({ ...fuzzCase, cuts: cuts.filter((_, j) => j !== i) });
  for (let length = bytes.length; length >= 1; length = Math.floor(length / 2)) {
    for (let from = 0; from + length <= bytes.length && smaller.length < 5000; from += length) {
      smaller.push(without(fuzzCase, from, length));
    }
  }
  for (let i = 0; i < bytes.length && i < 1000; i++) {
    if (bytes[i] === 0) continue;
    const plainer = bytes.slice();
    plainer[i] = 0;
    smaller.push({ ...fuzzCase, bytes: plainer });
  }
  return smaller;
}

function without({ bytes, cuts, ...rest }: FuzzCase, from: number, length: number): FuzzCase {
  const left = new Uint8Array(bytes.length - length);
  left.set(bytes.subarray(0, from));
  left.set(bytes.subarray(from + length), from);
  return { ...rest, bytes: left, cuts: cuts.map((cut) => (cut <= from ? cut : Math.max(from, cut - length))) };
}
