// Medians and quartiles. It must not know what they are of.

export interface Summary {
  readonly median: number;
  readonly p25: number;
  readonly p75: number;
}

export function summarize(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), p25: quantile(sorted, 0.25), p75: quantile(sorted, 0.75) };
}

/** Interpolated between the two nearest; NaN for no samples. */
function quantile(sorted: readonly number[], portion: number): number {
  const at = (sorted.length - 1) * portion;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at % 1);
}
