// Figures as text, in three digits. It must not know what they are of.

export function formatFigure(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** How many operations a second. */
export function formatRate(nanoseconds: number): string {
  const rate = 1e9 / nanoseconds;
  if (rate >= 1e6) return `${formatFigure(rate / 1e6)} M/s`;
  return rate >= 1e3 ? `${formatFigure(rate / 1e3)} k/s` : `${formatFigure(rate)} /s`;
}

/** @param nanoseconds of one operation @param bytes of payload in it */
export function formatThroughput(nanoseconds: number, bytes: number): string {
  const throughput = bytes / nanoseconds;
  return throughput >= 1 ? `${formatFigure(throughput)} GB/s` : `${formatFigure(throughput * 1000)} MB/s`;
}
