// Figures as text, as the page of `wsimd serve` shows them too.

export { formatBytes, formatFigure, formatRate, formatThroughput, formatTime } from '../../src/page/format.js';
