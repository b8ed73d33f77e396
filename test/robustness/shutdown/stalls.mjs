// Preloaded into a server (`node --import`): from SIGTERM on it measures how late the event loop comes to a timer of one millisecond, and
// says at the end how late it was at most.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

process.once('SIGTERM', () => {
  const start = performance.now();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  process.once('exit', () => {
    const [longest, p99] = [delays.max, delays.percentile(99)].map((time) => (time / 1e6).toFixed(1));
    console.log(`longest stall ${longest} ms, p99 ${p99} ms, of ${(performance.now() - start).toFixed(0)} ms`);
  });
});
