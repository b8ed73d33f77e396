// Whether a figure that is sampled again and again grows. Knows nothing of what it measures.

/** One figure over time. */
export interface Trend {
  readonly name: string;
  /** Median of all samples. */
  readonly median: number;
  /** Medians of six equal stretches of time, to be looked at. */
  readonly course: readonly number[];
  /** What the trend comes to over the time that was looked at. */
  readonly growth: number;
  readonly allowance: number;
  readonly isSteady: boolean;
}

/** How much a figure may grow: a share of its median, or this much, whichever is more. */
export interface Allowance {
  readonly share: number;
  readonly atLeast: number;
}

/**
 * The slope of Theil and Sen: the median of the slopes between all pairs of samples. A fifth of all samples may be anything
 * without moving it, so neither a burst of long messages nor a collection at a bad moment counts.
 */
export function trendOf(
  name: string,
  samples: readonly { readonly seconds: number; readonly value: number }[],
  { share, atLeast }: Allowance,
): Trend {
  const slopes: number[] = [];
  for (const [i, one] of samples.entries()) {
    for (const other of samples.slice(i + 1)) {
      slopes.push((other.value - one.value) / (other.seconds - one.seconds));
    }
  }
  const values = samples.map(({ value }) => value);
  const stretch = Math.max(1, Math.ceil(values.length / 6));
  const course: number[] = [];
  for (let from = 0; from < values.length; from += stretch) course.push(median(values.slice(from, from + stretch)));
  const seconds = samples.length === 0 ? 0 : samples.at(-1)!.seconds - samples[0]!.seconds;
  const growth = slopes.length === 0 ? 0 : median(slopes) * seconds;
  const middle = values.length === 0 ? 0 : median(values);
  const allowance = Math.max(share * middle, atLeast);
  return { name, median: middle, course, growth, allowance, isSteady: growth <= allowance };
}

/** @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
