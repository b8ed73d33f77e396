// Says at the end of a run, in one list, which tests passed at their second try only (CI gives one): each is a fault to look into,
// of the test or of the code.

import type { Reporter, TestModule } from 'vitest/node';

export default class SecondTryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap((module) =>
      [...module.children.allTests('passed')]
        .filter((test) => test.diagnostic()?.flaky)
        .map((test) => `  ${module.relativeModuleId}: ${test.fullName}`),
    );
    if (lines.length > 0) console.log(`\nPassed at the second try only:\n${lines.join('\n')}`);
  }
}
