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
    await page.selectOption('#broken', 'reserved opcode');
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
    expect(await page.locator('#list img, #list script, #detail img, #detail script').count()).toBe(0);
    expect(await page.title()).toBe('wsimd proxy: live frames');
    await page.fill('#search', '');

    mkdirSync(SCREENSHOTS, { recursive: true });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${SCREENSHOTS}inspector-${colorScheme}.png` });
    }
    await page.setViewportSize({ width: 390, height: 844 });
    // Nothing is wider than a phone.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.screenshot({ path: `${SCREENSHOTS}inspector-phone.png` });
    expect(problems).toEqual([]);
  });
});
