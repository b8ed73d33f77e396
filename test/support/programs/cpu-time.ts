// How long this process has computed, for tests of how much work something takes.

/** Milliseconds of CPU time since the process began. Time in which other processes had the processor doesn't count. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
