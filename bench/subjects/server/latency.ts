// The percentiles that the life benchmark shows.

import type { Histogram } from '../../../src/cli/load/histogram.js';
import type { Latency } from './job.js';

export function summarizeLatency(histogram: Histogram): Latency {
  return {
    p50: histogram.percentile(0.5),
    p99: histogram.percentile(0.99),
    p999: histogram.percentile(0.999),
    max: histogram.max,
  };
}
