// The page's ticker in Chromium and Firefox, against `wsimd serve` as a program. Leaves screenshots in build/screenshots/.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Figures, Prices } from '../../../src/page/ticker/ticker-protocol.js';
import { hasBrowser, launchBrowser } from '../../support/programs/browsers.js';
import { hasChromium, launchChromium } from '../../support/programs/chromium.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { withPageCoverage } from '../../support/programs/page-coverage.js';
import { type Serve, startServe } from '../../support/servers/serve.js';

const SCREENSHOTS = fileURLToPath(new URL('../../../build/screenshots/', import.meta.url));
const DESKTOP = { viewport: { width: 1280, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

let serve: Serve;
beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  serve = await startServe();
});
afterAll(() => serve?.stop());

describeWith('Chromium: the ticker', hasChromium, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** Runs a test on a fresh page; what the page complains of fails the test. */
  async function onTicker(options: BrowserContextOptions, test: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    const complaints: string[] = [];
    try {
      const page = await context.newPage();
      page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await withPageCoverage(page, async () => {
        await page.goto(`${serve.url}#ticker`);
        await test(page);
      });
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  }

  const figureOf = async (page: Page, name: string) =>
    Number.parseFloat((await page.locator(`#ticker-${name} .figure`).textContent())!);
  const textOf = (page: Page, id: string) => page.locator(`#ticker-${id}`).textContent();

  it('shows prices, and that shared history saves more than compressing each message', () =>
    onTicker(DESKTOP, async (page) => {
      expect(await page.getByRole('status').filter({ visible: true }).textContent()).toBe('Not running.');
      // By the keyboard alone.
      await page.getByLabel('Subscribers').fill('20');
      await page.keyboard.press('Enter');
      await expect.poll(() => textOf(page, 'status')).toBe('Running: 20 subscribers in this page.');
      await expect.poll(async () => Number(await textOf(page, 'deliveries'))).toBeGreaterThan(300);
      const [plain, alone, shared] = [
        await figureOf(page, 'plain'),
        await figureOf(page, 'alone'),
        await figureOf(page, 'shared'),
      ];
      expect(alone).toBeLessThan(plain);
      expect(shared).toBeLessThan(alone * 0.75);
      expect(shared).toBeGreaterThan(20);
      const widths = await page
        .locator('#ticker .bar')
        .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
      expect(widths).toEqual([...widths].sort((a, b) => b - a));
      expect(widths[2]).toBeGreaterThan(5);
      expect(await textOf(page, 'saved')).toMatch(/^\d+\.\d+ [kM]B$/);
      expect(Number.parseInt((await textOf(page, 'share'))!, 10)).toBeGreaterThan(50);
      await expect.poll(() => textOf(page, 'count')).toBe('20');
      expect(await page.getByRole('rowheader').count()).toBe(12);
      await expect.poll(() => page.locator('[data-direction="1"]').count()).toBeGreaterThan(0);
      await page.getByRole('button', { name: 'Stop' }).click();
      expect(await textOf(page, 'status')).toBe('Stopped.');
      const delivered = await textOf(page, 'deliveries');
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(await textOf(page, 'deliveries')).toBe(delivered);
      // Seen by the page: before this test looks, the count may have passed the old one.
      const restarted = page.evaluate(
        () =>
          new Promise<void>((resolve) => {
            const cell = document.querySelector('#ticker-deliveries')!;
            const before = Number(cell.textContent);
            new MutationObserver(() => {
              if (Number(cell.textContent) < before) resolve();
            }).observe(cell, { childList: true });
          }),
      );
      await page.getByRole('button', { name: 'Start' }).click();
      await restarted;
    }));

  it('says so when the server goes', async () => {
    const own = await startServe();
    onTestFinished(() => void own.stop());
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`${own.url}#ticker`);
    await page.getByRole('button', { name: 'Start' }).click();
    await expect.poll(() => textOf(page, 'status')).toMatch(/^Running/);
    await own.stop();
    await expect.poll(() => textOf(page, 'status')).toBe('The server has closed the connection.');
    await page.getByRole('button', { name: 'Start' }).click();
    await expect.poll(() => textOf(page, 'status')).toBe('The server does not answer, or has too many.');
    expect(await page.getByRole('button', { name: 'Start' }).isEnabled()).toBe(true);
  });

  it.each([
    ['light', DESKTOP],
    ['dark', { ...DESKTOP, colorScheme: 'dark' }],
    ['phone', PHONE],
    ['phone-dark', { ...PHONE, colorScheme: 'dark' }],
  ] as const)('fits: %s', (name, options) =>
    onTicker(options, async (page) => {
      await page.getByRole('button', { name: 'Start' }).click();
      await expect.poll(async () => Number(await textOf(page, 'deliveries'))).toBeGreaterThan(60);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `${SCREENSHOTS}ticker-${name}.png`, fullPage: true });
    }),
  );
});

describeWith('Firefox: the ticker', hasBrowser('firefox'), () => {
  it('shows prices and what is saved', async () => {
    const browser = await launchBrowser('firefox');
    onTestFinished(() => browser.close());
    await browser.open(`${serve.url}#ticker`);
    const read = () =>
      browser.evaluate(
        () => [document.querySelector('#ticker-share')!.textContent, document.querySelectorAll('tbody tr').length],
        undefined,
      );
    await browser.evaluate(() => (document.querySelector('#ticker-start') as HTMLButtonElement).click(), undefined);
    await expect.poll(async () => Number.parseInt(String((await read())[0]), 10)).toBeGreaterThan(50);
    expect((await read())[1]).toBe(12);
  });
});

it('figures are what ws counts on the wire', async () => {
  const own = await startServe();
  onTestFinished(() => void own.stop());
  const origin = own.url.slice(0, -1);
  const open = (path: string) => new WebSocket(`${own.url.replace('http', 'ws')}${path}`, { origin });
  const figures: Figures[] = [];
  open('ticker/meter').on('message', (data) => figures.push(JSON.parse(String(data)) as Figures));
  await expect.poll(() => figures.length).toBeGreaterThan(0);
  expect(figures[0]).toEqual({ subscribers: 0, deliveries: 0, plain: 0, alone: 0, sent: 0 });
  let messages: Prices[] = [];
  let bytes = 0;
  const subscriber = open('ticker');
  subscriber.on('upgrade', ({ socket, httpVersion, statusCode, statusMessage, rawHeaders }) => {
    // Not what has been read up to here: the first messages may have come with it.
    const fields = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
    const head = `HTTP/${httpVersion} ${statusCode} ${statusMessage}\r\n\r\n`.length + fields;
    subscriber.on('message', (data) => {
      messages = [...messages, JSON.parse(String(data)) as Prices];
      bytes = socket.bytesRead - head;
    });
  });
  // Figures go out before each message, but on another connection.
  const find = () => figures.findLast(({ deliveries }) => deliveries > 3 && deliveries <= messages.length);
  await expect.poll(find).toBeDefined();
  const { deliveries, sent, plain, alone } = find()!;
  subscriber.terminate();
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThanOrEqual(bytes);
  expect(sent).toBeLessThan(alone);
  expect(alone).toBeLessThan(plain);
  expect(plain).toBeGreaterThan(
    messages.slice(0, deliveries).reduce((sum, one) => sum + JSON.stringify(one).length, 0),
  );
});
