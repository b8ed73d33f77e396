// The figures of a conformance suite: of each section, its vectors, and how many times a stream was decoded on each kernel.

export class Counts {
  readonly #kernels: readonly string[];
  readonly #sections = new Map<string, { vectors: number; decoded: number[] }>();

  constructor(kernels: readonly string[]) {
    this.#kernels = kernels;
  }

  /** A vector has passed. @param decoded on each kernel */
  add(section: string, decoded: readonly number[]): void {
    const count = this.#sections.get(section) ?? { vectors: 0, decoded: this.#kernels.map(() => 0) };
    this.#sections.set(section, count);
    count.vectors++;
    for (const [i, times] of decoded.entries()) count.decoded[i]! += times;
  }

  /** @param vectors how many there are */
  print(vectors: number): void {
    const row = (...cells: readonly (string | number)[]) =>
      console.info(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(14) : String(cell).padStart(18))).join(''));
    row('section', 'vectors', ...this.#kernels.map((kernel) => `decoded, ${kernel}`));
    const all = { vectors: 0, decoded: this.#kernels.map(() => 0) };
    const sections = [...this.#sections].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    for (const [section, count] of sections) {
      row(section, count.vectors, ...count.decoded);
      all.vectors += count.vectors;
      for (const [i, times] of count.decoded.entries()) all.decoded[i]! += times;
    }
    row('all', all.vectors, ...all.decoded);
    row('skipped', vectors - all.vectors);
  }
}
