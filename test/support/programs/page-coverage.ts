// Where coverage is asked for (NODE_V8_COVERAGE, as Node's own processes take it), what a page in Chromium has executed is
// written beside what they write. It must not know what the page does.

import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

/** Runs `use`, which may go to other addresses with the page but must not close it. */
export async function withPageCoverage(page: Page, use: () => Promise<void>): Promise<void> {
  const directory = process.env.NODE_V8_COVERAGE;
  if (!directory) return use();
  await page.coverage.startJSCoverage({ resetOnNavigation: false });
  await use();
  const result = await page.coverage.stopJSCoverage();
  writeFileSync(join(directory, `coverage-page-${randomUUID()}.json`), JSON.stringify({ result }));
}
