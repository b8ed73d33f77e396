// Figures as text: those that the page of `wsimd serve` shows too, times and lengths.

import { formatFigure } from '../../src/page/format.js';

export { formatFigure, formatRate, formatThroughput } from '../../src/page/format.js';

/** @param nanoseconds of one operation */
export function formatTime(nanoseconds: number): string {
  if (nanoseconds < 1000) return `${formatFigure(nanoseconds)} ns`;
  return nanoseconds < 1e6 ? `${formatFigure(nanoseconds / 1000)} µs` : `${formatFigure(nanoseconds / 1e6)} ms`;
}

export function formatBytes(bytes: number): string {
  if (bytes >= 2 ** 20 && bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`;
  if (bytes >= 1024 && bytes % 1024 === 0) return `${bytes / 1024} KiB`;
  return `${bytes} B`;
}
