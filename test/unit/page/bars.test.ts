// The tabs of the page and the bar of the inspector, which have to fit in one line, in Chromium.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasChromium, launchChromium } from '../../support/programs/chromium.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { startServe } from '../../support/servers/serve.js';

describeWith('chromium', hasChromium, () => {
  let browser: Browser;
  let serve: Awaited<ReturnType<typeof startServe>>;
  beforeAll(async () => {
    [browser, serve] = await Promise.all([launchChromium(), startServe()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await serve?.stop();
  });

  /** Runs a test on a page of this size. */
  async function onPage(width: number, height: number, test: (page: Page) => Promise<void>): Promise<void> {
    const page = await browser.newPage({ viewport: { width, height } });
    try {
      await page.goto(serve.url);
      await test(page);
    } finally {
      await page.close();
    }
  }

  it.each(['Live connection', 'Paste hex', 'Benchmark', 'Ticker'])('the tabs fit a phone: %s', (name) =>
    onPage(390, 844, async (page) => {
      await page.getByRole('link', { name }).click();
      const tops = await page.evaluate(() =>
        [...document.querySelectorAll('nav a')].map((tab) => Math.round(tab.getBoundingClientRect().top)),
      );
      expect(new Set(tops).size).toBe(1);
    }),
  );

  it('the page leads to the inspector, which says what it is and has its controls in one line', () =>
    onPage(1280, 800, async (page) => {
      await page.getByRole('link', { name: 'inspector' }).click();
      await expect.poll(() => page.getByRole('status').first().textContent()).toBe('messages of this page');
      expect(await page.title()).toBe('wsimd inspector');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('wsimd inspector');
      const { height } = (await page.locator('.bar').boundingBox())!;
      expect(height).toBeLessThan(60);
    }));
});
