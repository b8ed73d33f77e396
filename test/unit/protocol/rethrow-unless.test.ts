// src/protocol/rethrow-unless.ts: the errors that a catch block answers, and those that are none of its business.

import { expect, it } from 'vitest';
import { rethrowUnless } from '../../../src/protocol/rethrow-unless.js';

class Expected extends Error {}
class Other extends Error {}

it('returns for an error of the kind, or of one derived from it', () => {
  class Derived extends Expected {}
  for (const error of [new Expected('a'), new Derived('b')]) {
    expect(rethrowUnless(error, Expected)).toBeUndefined();
    expect(rethrowUnless(error, Other, Expected)).toBeUndefined();
  }
});

it('throws whatever else it is given, as it is', () => {
  for (const thrown of [new Other('c'), new Error('d'), 'e', undefined]) {
    const caught: unknown[] = [];
    try {
      rethrowUnless(thrown, Expected, RangeError);
    } catch (error) {
      caught.push(error);
    }
    expect(caught).toEqual([thrown]);
    expect(caught[0]).toBe(thrown);
  }
});
