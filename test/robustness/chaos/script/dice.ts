// Choices by a seeded generator: the same seed makes the same choices.

import { createRandom } from '../../../support/inputs/random.js';

export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = createRandom(seed);
    // Seeds that lie beside each other begin alike.
    for (let i = 0; i < 4; i++) this.#random();
  }

  /** A number from 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor((this.#random() / 2 ** 32) * end);
  }

  /** A number from `start` to `end`, both included. */
  between(start: number, end: number): number {
    return start + this.below(end - start + 1);
  }

  chance(probability: number): boolean {
    return this.#random() < probability * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Picks a name by the weights that stand beside the names. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights) as Name[];
    const total = names.reduce((sum, name) => sum + weights[name], 0);
    let rest = (this.#random() / 2 ** 32) * total;
    for (const name of names) {
      rest -= weights[name];
      if (rest < 0) return name;
    }
    return names.at(-1)!;
  }

  seed(): number {
    return this.#random();
  }
}
