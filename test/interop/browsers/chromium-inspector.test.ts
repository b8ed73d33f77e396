// The page of `wsimd proxy --feed` in Chromium: a compressed chat between a client and a server of `ws` with one broken frame,
// hostile texts, and what the keys and the composer do.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { hasChromium, launchChromium } from '../../support/programs/chromium.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { type RunningProxy, startProxy } from '../../support/servers/proxy.js';
import { next } from '../../support/servers/servers.js';
import { startWs } from '../../support/servers/ws.js';

const SCREENSHOTS = fileURLToPath(new URL('../../../build/screenshots/', import.meta.url));

describeWith('Chromium', hasChromium, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** The page, and all that went wrong on it. */
  async function openPage(proxy: RunningProxy, options: object = {}): Promise<{ page: Page; problems: string[] }> {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(proxy.feedUrl!.replace('ws:', 'http:').replace('/feed', '/'));
    return { page, problems };
  }

  async function openChat(proxy: RunningProxy): Promise<WebSocket> {
    const socket = new WebSocket(proxy.url, { perMessageDeflate: { threshold: 0 } });
    onTestFinished(() => socket.terminate());
    socket.on('error', () => {});
    await next(socket, 'open');
    return socket;
  }

  test('a chat with one broken frame, chosen with the keyboard, filtered, searched, answered by the composer', async () => {
    const { url, server } = await startWs((socket) => {
      socket.on('error', () => {});
      socket.on('message', (data) => socket.send(String(data)));
    });
    server.options.perMessageDeflate = { threshold: 0 };
    const proxy = await startProxy('--json', '--feed', '0', url);
    const { page, problems } = await openPage(proxy, { viewport: { width: 1280, height: 720 } });
    const socket = await openChat(proxy);
    const evil = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>\x1b[2J\u202e';
    for (const text of ['hello', JSON.stringify({ kind: 'greeting', words: ['a', 'b'] }), evil]) {
      socket.send(text);
      await next(socket, 'message');
    }
    const options = page.locator('#list [role=option]');
    await expect.poll(() => options.filter({ hasText: '"hello"' }).count()).toBe(2);

    // What the composer sends as the server, the client hears.
    await page.selectOption('#as', 'server');
    await page.fill('#content', 'from the page');
    const heard = next(socket, 'message') as Promise<[Buffer]>;
    await page.press('#content', 'Control+Enter');
    expect(String((await heard)[0])).toBe('from the page');

    // A broken frame of the composer: the server ends the connection, and the row names the byte.
    await page.selectOption('#as', 'client');
    await page.selectOption('#broken', 'a reserved opcode');
    const closed = next(socket, 'close');
    await page.click('#send');
    await closed;
    await expect.poll(() => options.filter({ hasText: 'WSIMD_RESERVED_OPCODE' }).count()).toBe(1);

    await page.fill('#search', 'greeting');
    await expect.poll(() => options.count()).toBe(2);
    await page.press('#search', 'Escape');
    await page.keyboard.press('j');
    await expect.poll(() => page.locator('#detail .message').textContent()).toContain('  "kind": "greeting",');
    expect(await page.locator('#detail .header-bytes').count()).toBe(1);
    await page.keyboard.press('/');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('search');
    await page.fill('#search', '');
    await page.selectOption('#kind', 'error');
    await expect.poll(() => options.count()).toBe(2);
    await page.selectOption('#kind', '');
    await page.selectOption('#from', 'client');
    await expect.poll(() => page.locator('#list [role=option]', { hasText: '←' }).count()).toBe(0);
    await page.selectOption('#from', '');

    // Texts of a peer are texts.
    await page.fill('#search', 'owned');
    await expect.poll(() => options.count()).toBe(2);
    await page.press('#search', 'Escape');
    await page.keyboard.press('j');
    await expect.poll(() => page.locator('#detail .message').textContent()).toContain('<img src=x');
    expect(await page.locator('#detail .message').textContent()).toContain('\\u{1b}[2J\\u{202e}');
    expect((await page.locator('#list, #detail').allTextContents()).join()).not.toContain('\u202e');
    expect(await page.locator('#list img, #list script, #detail img, #detail script').count()).toBe(0);
    expect(await page.title()).toBe('wsimd proxy: live frames');
    await page.fill('#search', '');

    mkdirSync(SCREENSHOTS, { recursive: true });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${SCREENSHOTS}inspector-${colorScheme}.png` });
    }
    expect(problems).toEqual([]);
    for (const colorScheme of ['light', 'dark'] as const) {
      const phone = await openPage(proxy, { viewport: { width: 390, height: 844 }, colorScheme });
      await expect.poll(() => phone.page.locator('#list [role=option]').count()).toBeGreaterThan(9);
      await phone.page.locator('#list [role=option]', { hasText: 'greeting' }).first().click();
      // Nothing is wider than a phone.
      expect(await phone.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      await phone.page.screenshot({ path: `${SCREENSHOTS}inspector-phone-${colorScheme}.png` });
      await phone.page.click('summary');
      expect(await phone.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      await phone.page.screenshot({ path: `${SCREENSHOTS}inspector-phone-tools-${colorScheme}.png` });
      expect(phone.problems).toEqual([]);
    }
  });

  test('buttons hold, edit, drop and cut; the chosen frame is copied in four ways; the keyboard goes to it and back', async () => {
    const { url } = await startWs((socket) => {
      socket.on('error', () => {});
      socket.on('message', (data) => socket.send(String(data)));
    });
    const proxy = await startProxy('--json', '--feed', '0', url);
    const permissions = ['clipboard-read', 'clipboard-write'];
    const { page, problems } = await openPage(proxy, { viewport: { width: 1280, height: 720 }, permissions });
    const socket = await openChat(proxy);
    const options = page.locator('#list [role=option]');
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
    await expect.poll(() => options.filter({ hasText: '101' }).count()).toBe(1);
    const sendHeld = async (text: string, count: number) => {
      await press('Hold');
      // The line goes to the proxy by way of the feed, the frame doesn't.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      socket.send(text);
      await expect.poll(() => options.filter({ hasText: 'held,' }).count()).toBe(count);
    };

    await sendHeld('original', 1);
    await page.getByLabel('What to send').fill('edited');
    const edited = next(socket, 'message') as Promise<[Buffer]>;
    await press('Edit');
    expect(String((await edited)[0])).toBe('edited');
    await sendHeld('lost', 2);
    await press('Drop');
    const after = next(socket, 'message') as Promise<[Buffer]>;
    socket.send("/after it's");
    expect(String((await after)[0])).toBe("/after it's");

    await options.filter({ hasText: '/after' }).first().click();
    const copied: Record<string, string> = {};
    for (const name of ['Copy text', 'Copy hex', 'Copy Base64', 'Copy as command']) {
      // The button says so for a second and a half, which a busy machine can miss from outside.
      const label = page.evaluate(noteLabels, name);
      await page.evaluate(() => navigator.clipboard.writeText('nothing yet'));
      await press(name);
      expect(await label).toEqual(['Copied', name]);
      copied[name] = await page.evaluate(() => navigator.clipboard.readText());
    }
    const bytes = Buffer.from("/after it's");
    expect(copied).toEqual({
      'Copy text': "/after it's",
      'Copy hex': bytes.toString('hex').replace(/..(?=.)/g, '$& '),
      'Copy Base64': bytes.toString('base64'),
      'Copy as command': `npx wsimd connect --send='//after it'\\''s' '${proxy.url}'`,
    });

    const focused = () => page.evaluate(() => document.activeElement?.id);
    await page.getByRole('listbox').focus();
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('detail');
    await page.keyboard.press('Escape');
    expect(await focused()).toBe('list');
    const closed = next(socket, 'close');
    await press('Cut');
    await closed;
    await expect.poll(() => options.filter({ hasText: 'the connection is over' }).count()).toBe(1);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await page.evaluate(findFaint)).toEqual([]);
    }
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>('input, select, textarea')].flatMap((field) =>
        (field.ariaLabel ?? field.labels?.[0]?.textContent ?? '').trim() === '' ? [field.id] : [],
      ),
    );
    expect(nameless).toEqual([]);
    expect(problems).toEqual([]);
  }, 60_000);

  test('100,000 frames: the list keeps some tens of rows in the document, and scrolling them stays smooth', async () => {
    const { url } = await startWs();
    const proxy = await startProxy('--json', '--feed', '0', url);
    const { page, problems } = await openPage(proxy, { viewport: { width: 1280, height: 720 } });
    const socket = new WebSocket(proxy.url);
    onTestFinished(() => socket.terminate());
    await next(socket, 'open');
    const messages = 50_000;
    const batch = 1_000;
    let echoed = 0;
    socket.on('message', () => echoed++);
    // In batches, as the page is not to miss a frame: of a flood that nobody can read, the proxy shows how much it left out.
    for (let sent = batch; sent <= messages; sent += batch) {
      for (let i = 0; i < batch; i++) socket.send(`message ${i}`);
      await expect.poll(() => echoed, { timeout: 60_000 }).toBe(sent);
      const rows = `${(2 * sent + 3).toLocaleString('en')} rows`;
      await expect.poll(() => page.locator('#status').textContent(), { timeout: 60_000 }).toBe(rows);
    }
    await page.uncheck('#follow');
    const figures = await page.evaluate(async () => {
      const list = document.querySelector('#list')!;
      list.scrollTop = 0;
      const times: number[] = [];
      let most = 0;
      const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
      let last = await nextFrame();
      // Some 30 rows a frame, so that every row is a new one.
      while (times.length < 300) {
        list.scrollTop += 720;
        const now = await nextFrame();
        times.push(now - last);
        last = now;
        most = Math.max(most, list.querySelectorAll('[role=option]').length);
      }
      times.sort((a, b) => a - b);
      const seconds = times.reduce((sum, time) => sum + time, 0) / 1000;
      const height = list.scrollHeight;
      list.scrollTop = height;
      await nextFrame();
      await nextFrame();
      const end = [...list.querySelectorAll('[role=option]')].at(-1)!;
      return {
        rate: times.length / seconds,
        median: times[150]!,
        p99: times[297]!,
        most,
        height,
        end: end.ariaPosInSet,
      };
    });
    console.log(
      `scrolling 100,003 rows: ${figures.rate.toFixed(1)} frames/s, ` +
        `median ${figures.median.toFixed(1)} ms, p99 ${figures.p99.toFixed(1)} ms`,
    );
    expect(figures).toMatchObject({ height: 100_003 * 24, end: '100003' });
    expect(figures.most).toBeLessThan(80);
    // A machine that does other work too gives it fewer frames; drawing all rows would take seconds for each.
    expect(figures.median).toBeLessThan(100);
    expect(problems).toEqual([]);
  }, 180_000);
});

/** Runs in the page. @returns the next two texts of the button with this label */
function noteLabels(label: string): Promise<string[]> {
  const button = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === label)!;
  const labels: string[] = [];
  return new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      labels.push(button.textContent);
      if (labels.length === 2) resolve(labels);
    });
    observer.observe(button, { childList: true });
  });
}

/** Runs in the page. @returns texts in sight whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3) */
function findFaint(): string[] {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
  const pixelOf = (color: string) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  };
  const luminanceOf = (color: string) => {
    const [r = 0, g = 0, b = 0] = Array.from(pixelOf(color).slice(0, 3), (byte) =>
      byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgroundOf = (element: Element): string => {
    const { backgroundColor } = getComputedStyle(element);
    if (pixelOf(backgroundColor)[3] === 255) return backgroundColor;
    return element.parentElement === null ? 'white' : backgroundOf(element.parentElement);
  };
  return [...document.body.querySelectorAll('*')].flatMap((element) => {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent!.trim() !== '');
    if (!hasText || element.matches(':disabled, option') || element.getClientRects().length === 0) return [];
    const [one, other] = [luminanceOf(getComputedStyle(element).color), luminanceOf(backgroundOf(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return contrast < 4.5 ? [`${contrast.toFixed(2)}: ${element.textContent!.slice(0, 40)}`] : [];
  });
}
