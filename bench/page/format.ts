// Figures as text, as the page of `wsimd serve` shows them too.

export { formatBytes, formatFigure, formatRate, formatThroughput, formatTime } from '../../src/cli/page/format.js';
