// Axes: where a value lies, and which values are written beside them. It must not know what is drawn.

export interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** Logarithmic, from `start` to `end` in pixels, with some room around the values and at least one mark. */
export function makeLogScale(values: readonly number[], start: number, end: number): Scale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const low = Math.log10(Math.min(...positive)) - 0.08;
  const high = Math.log10(Math.max(...positive)) + 0.08;
  const span = Math.max(high - low, 0.35);
  const middle = (low + high) / 2;
  const from = middle - span / 2;
  const at = (value: number) => start + ((Math.log10(value) - from) / span) * (end - start);
  const steps = span > 3 ? [1] : span > 1.6 ? [1, 3] : span > 0.8 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 3, 4, 5, 7];
  const ticks: number[] = [];
  for (let decade = Math.floor(from); decade <= from + span; decade++) {
    for (const step of steps) {
      const value = Number((step * 10 ** decade).toPrecision(3));
      if (Math.log10(value) >= from && Math.log10(value) <= from + span) ticks.push(value);
    }
  }
  return { ticks, at };
}

/** From zero. */
export function makeLinearScale(values: readonly number[], start: number, end: number): Scale {
  const high = Math.max(...values.filter(Number.isFinite), 0) || 1;
  return { ticks: [], at: (value) => start + (value / high) * (end - start) };
}

/** Sizes, doubled from one step to the next; 0 has its place one step left of the smallest. */
export function makeSizeScale(sizes: readonly number[], start: number, end: number, gap: number): Scale {
  const sorted = [...new Set(sizes)].sort((a, b) => a - b);
  const smallest = sorted.find((size) => size > 0) ?? 1;
  const place = (size: number) => Math.log2(size > 0 ? size : smallest / 4);
  const low = place(sorted[0]!);
  const span = place(sorted.at(-1)!) - low || 1;
  const at = (size: number) => start + ((place(size) - low) / span) * (end - start);
  const ticks: number[] = [];
  for (const size of sorted) if (ticks.length === 0 || at(size) - at(ticks.at(-1)!) >= gap) ticks.push(size);
  return { ticks, at };
}

/** Moves labels apart that would lie over each other, as little as it takes. @param wanted where each should be */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const result = [...wanted];
  let least = low;
  for (const i of order) {
    result[i] = Math.max(wanted[i]!, least);
    least = result[i]! + gap;
  }
  let most = high;
  for (const i of order.reverse()) {
    result[i] = Math.min(result[i]!, most);
    most = result[i]! - gap;
  }
  return result;
}
