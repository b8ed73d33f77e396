// Says at the end of a run, in one list, which tests were skipped. Where nothing may be skipped (CI) it makes the run fail.

import type { Reporter, TestModule } from 'vitest/node';

export default class SkippedReporter implements Reporter {
  #isNarrowed = false;

  onInit({ config }: Parameters<NonNullable<Reporter['onInit']>>[0]): void {
    // With -t nearly all tests are skipped, which was asked for.
    this.#isNarrowed = config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#isNarrowed) return;
    const skipped = listSkipped(modules);
    if (skipped.length === 0) return;
    console.log(`\nSkipped:\n${skipped.map((line) => `  ${line}`).join('\n')}`);
    if (process.env.CI) {
      console.error('CI skips nothing.');
      process.exitCode = 1;
    }
  }
}

/** A line for each suite or test on the outermost level that was skipped, and how many tests are in it. */
function listSkipped(modules: readonly TestModule[]): string[] {
  const counts = new Map<string, number>();
  for (const module of modules) {
    for (const test of module.children.allTests('skipped')) {
      const [outermost] = test.fullName.split(' > ');
      const name = `${module.relativeModuleId}: ${outermost}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} (${count} tests)`));
}
