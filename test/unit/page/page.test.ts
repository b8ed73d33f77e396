// The page of `wsimd serve` in Chromium, against the server as a program: what a person does there, and what they see.
// Leaves screenshots in build/screenshots/.

import { mkdirSync } from 'node:fs';
import { type AddressInfo, connect as connectTo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, launchChromium } from '../../support/programs/chromium.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { withPageCoverage } from '../../support/programs/page-coverage.js';
import { type Serve, startServe } from '../../support/servers/serve.js';

const SCREENSHOTS = fileURLToPath(new URL('../../../build/screenshots/', import.meta.url));
const DESKTOP = { viewport: { width: 1280, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 } };

describeWith('Chromium: the page', hasChromium, () => {
  let serve: Serve;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    serve = await startServe();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await serve?.stop();
  });

  /** Runs a test on a fresh page; what the page complains of fails the test. */
  async function onPage(options: BrowserContextOptions, test: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    const complaints: string[] = [];
    const elsewhere: string[] = [];
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('request', (request) => {
        if (!request.url().startsWith(serve.url)) elsewhere.push(request.url());
      });
      await withPageCoverage(page, async () => {
        await page.goto(serve.url);
        await test(page);
      });
      expect(complaints).toEqual([]);
      expect(elsewhere).toEqual([]);
    } finally {
      await context.close();
    }
  }

  /** The same server as one that does not allow WebAssembly: what allows it is blanked out in the bytes of its answers. */
  async function startStrictProxy(): Promise<{ url: string; close(): Promise<unknown> }> {
    const allowance = "'wasm-unsafe-eval'";
    // Requests name the proxy's port.
    const own = await startServe('--allow-host', '127.0.0.1');
    const proxy = createServer((client) => {
      const server = connectTo(own.port, '127.0.0.1');
      client.pipe(server).on('error', () => client.destroy());
      client.on('error', () => server.destroy()).on('close', () => server.destroy());
      server
        .on('end', () => client.end())
        .on('data', (chunk: Buffer) => {
          const at = chunk.indexOf(allowance);
          client.write(at === -1 ? chunk : chunk.fill(' ', at, at + allowance.length));
        });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`,
      close() {
        proxy.close();
        return own.stop();
      },
    };
  }

  async function connect(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByText('connected', { exact: true }).waitFor();
  }

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const framesOf = (page: Page) => page.locator('#frames > li');
  const messagesOf = (page: Page) => page.getByRole('log').locator('p').allTextContents();
  const hasMessage = (page: Page, text: string) => expect.poll(() => messagesOf(page)).toContain(text);

  /** The summaries of the frames, newest first, as one reads them. */
  async function summariesOf(page: Page): Promise<string[]> {
    const parts = await framesOf(page).locator('summary').all();
    return Promise.all(
      parts.map(async (part) => (await part.locator('.origin, .title, .traits').allTextContents()).join(' | ')),
    );
  }

  it('loads, and decodes with the wasm kernel', () =>
    onPage(DESKTOP, async (page) => {
      expect(await page.title()).toContain('wsimd');
      expect(await page.locator('#kernel').textContent()).toBe(
        'decoded by the wasm kernel: WebAssembly with SIMD runs here',
      );
      expect(await page.getByRole('button', { name: 'Send text' }).isDisabled()).toBe(true);
    }));

  it('shows the handshake, and that the accept value is right', () =>
    onPage(DESKTOP, async (page) => {
      await connect(page);
      await expect.poll(() => framesOf(page).count()).toBe(2);
      expect(await framesOf(page).nth(1).locator('pre').textContent()).toMatch(/^GET \/echo\?tap=/);
      const response = framesOf(page).nth(0);
      expect(await response.locator('pre').textContent()).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r?\n/);
      expect(await response.locator('p').textContent()).toMatch(
        /^Sec-WebSocket-Accept is the answer to the key \S+==, as computed here\.$/,
      );
    }));

  it.each(['Hello', 'Grüße 👋🏽 日本語', '<b onclick="alert(1)">&amp;</b>', ''])('echoes the text %j', (text) =>
    onPage(DESKTOP, async (page) => {
      await connect(page);
      await page.getByLabel('Text message').fill(text);
      await press(page, 'Send text');
      await hasMessage(page, `sent text “${text}”`);
      await hasMessage(page, `received text “${text}”, the same`);
      const length = new TextEncoder().encode(text).length;
      await expect
        .poll(() => summariesOf(page).then((all) => all.slice(0, -2)))
        .toEqual([
          `server → browser | text | ${length} bytes, not masked`,
          `browser → server | text | ${length} bytes, masked`,
        ]);
      const fromBrowser = framesOf(page).nth(1);
      if (text === '') {
        expect(await fromBrowser.locator('dd').textContent()).toBe('empty');
        return;
      }
      const unmasked = Buffer.from(text)
        .toString('hex')
        .replace(/..(?!$)/g, '$& ');
      const [wire = '', plain = '', shown = ''] = await fromBrowser.locator('dd').allTextContents();
      expect(plain).toBe(unmasked);
      expect(wire).not.toBe(unmasked);
      expect(shown).toBe(text);
      const key = (await fromBrowser.locator('.byte > .hex').last().textContent()) ?? '';
      const keyBytes = Buffer.from(key.replaceAll(' ', ''), 'hex');
      const masked = Buffer.from(wire.replaceAll(' ', ''), 'hex');
      expect(masked.map((byte, i) => byte ^ keyBytes[i % 4]!).toString()).toBe(text);
    }),
  );

  it('echoes binary: hex, random bytes, 1 MiB', () =>
    onPage(DESKTOP, async (page) => {
      await connect(page);
      await page.getByLabel('Binary message, in hex').fill('0xde, 0xad be ef');
      await press(page, 'Send hex');
      await hasMessage(page, 'received binary, 4 bytes, the same');
      // Frames and messages come over two connections.
      await expect.poll(() => framesOf(page).nth(0).locator('dd').first().textContent()).toBe('de ad be ef');

      await page.getByLabel('Random bytes, how many').fill('70000');
      await press(page, 'Send random');
      await hasMessage(page, 'received binary, 70,000 bytes, the same');

      await press(page, '1 MiB');
      await hasMessage(page, 'received binary, 1,048,576 bytes, the same');
      await expect
        .poll(() => summariesOf(page).then(([newest]) => newest))
        .toBe('server → browser | binary | 1,048,576 bytes, not masked');
      expect(await framesOf(page).nth(0).textContent()).toContain('… and 1,048,320 more bytes');
      // How a browser cuts a large message is its own affair, but the decoder must stay in step with it.
      await press(page, 'Send text');
      await expect.poll(() => summariesOf(page).then((all) => all[1])).toMatch(/^browser → server \| text/);
    }));

  it('says why hex cannot be sent', () =>
    onPage(DESKTOP, async (page) => {
      await connect(page);
      await page.getByLabel('Binary message, in hex').fill('hex');
      await press(page, 'Send hex');
      await hasMessage(page, 'problem “h” is not a hex digit (line 1, character 1).');
    }));

  it('has the server ping, and shows the ping and the browser’s pong', () =>
    onPage(DESKTOP, async (page) => {
      await connect(page);
      await page.getByLabel('Ping', { exact: true }).fill('still there?');
      await press(page, 'Ping');
      await expect
        .poll(() => summariesOf(page).then((all) => all.slice(0, -2)))
        .toEqual(['browser → server | pong | 12 bytes, masked', 'server → browser | ping | 12 bytes, not masked']);
      expect(await framesOf(page).nth(0).locator('dd').allTextContents()).toContain('still there?');
      await page.getByLabel('Ping', { exact: true }).fill('é'.repeat(63));
      await press(page, 'Ping');
      await hasMessage(page, 'problem The payload of a ping is at most 125 bytes; this one has 126.');
    }));

  it('closes with a code and a reason, and connects again', () =>
    onPage(DESKTOP, async (page) => {
      await connect(page);
      await page.getByLabel('Close code').fill('1001');
      await press(page, 'Close');
      await hasMessage(
        page,
        'problem The browser lets a page close with 1000 or 3000 to 4999 only, and a reason of at most 123 bytes.',
      );
      await page.getByLabel('Close code').fill('4321');
      await page.getByLabel('Reason').fill('that is all');
      await press(page, 'Close');
      await hasMessage(page, 'closed with 4321: for private use, “that is all”');
      await expect
        .poll(() => summariesOf(page).then((all) => all.slice(0, -2)))
        .toEqual(['server → browser | close | 13 bytes, not masked', 'browser → server | close | 13 bytes, masked']);
      const facts = await framesOf(page).nth(0).locator('dd').allTextContents();
      expect(facts).toContain('4321 for private use');
      expect(facts).toContain('that is all');

      await connect(page);
      await press(page, 'Disconnect');
      await hasMessage(page, 'closed with 1005: no code was given; never on the wire');
    }));

  it('says so when the server goes away or is not there', async () => {
    const own = await startServe();
    const page = await browser.newPage();
    try {
      await withPageCoverage(page, async () => {
        await page.goto(own.url);
        await connect(page);
        await own.stop();
        await hasMessage(page, 'closed with 1001: going away');
        await press(page, 'Connect');
        await hasMessage(page, 'problem The server does not answer. Is “wsimd serve” still running?');
      });
    } finally {
      await page.close();
      await own.stop();
    }
  });

  it('compresses if asked to, and shows what each frame held', () =>
    onPage(DESKTOP, async (page) => {
      await page.getByLabel('Compress (permessage-deflate)').check();
      await connect(page);
      for (let i = 0; i < 2; i++) {
        await page.getByLabel('Text message').fill('Hello, hello, hello');
        await press(page, 'Send text');
        await expect.poll(() => framesOf(page).count()).toBe(4 + 2 * i);
      }
      await hasMessage(page, 'received text “Hello, hello, hello”, the same');
      const [newest, , older] = await summariesOf(page);
      expect(newest).toMatch(/^server → browser \| text \| [0-9]+ bytes, not masked, compressed, holds 19 bytes$/);
      // The second refers to the first.
      expect(Number.parseInt(newest!.split('| ')[2]!, 10)).toBeLessThan(Number.parseInt(older!.split('| ')[2]!, 10));
      for (const index of [0, 1]) {
        const frame = framesOf(page).nth(index);
        expect(await frame.locator('dt').allTextContents()).toEqual(
          index === 0 ? ['Payload', 'Inflated', 'As text'] : ['On the wire', 'Unmasked', 'Inflated', 'As text'],
        );
        expect(await frame.locator('dd').last().textContent()).toBe('Hello, hello, hello');
      }
      await page.screenshot({ path: `${SCREENSHOTS}compressed.png` });
    }));

  describe('pasted hex', () => {
    const decode = async (page: Page, hex: string) => {
      await page.getByRole('link', { name: 'Paste hex' }).click();
      await page.getByLabel('Frames in hex').fill(hex);
      await press(page, 'Decode');
    };
    const resultOf = (page: Page) => page.locator('#paste-result').textContent();

    it('is taken apart as frames of a connection are', () =>
      onPage(DESKTOP, async (page) => {
        await decode(page, '0x81,0x85,0x37,0xfa,0x21,0x3d\n7f9f4d51 58 8900');
        expect(await resultOf(page)).toBe('13 bytes: 2 whole frames.');
        const frame = page.locator('#pasted-frames > li').first();
        expect(await frame.locator('dd').allTextContents()).toEqual(['7f 9f 4d 51 58', '48 65 6c 6c 6f', 'Hello']);
        expect(await frame.getByRole('img').getAttribute('aria-label')).toBe(
          'Header 81 85 37 fa 21 3d; FIN 1; RSV 0 0 0; opcode 1, text; MASK 1; length 5; masking key 37 fa 21 3d',
        );
      }));

    it('says where and how a frame breaks a rule', () =>
      onPage(DESKTOP, async (page) => {
        await decode(page, '81 01 61  81 7e 00 05 48 65 6c 6c 6f');
        expect(await resultOf(page)).toBe(
          '12 bytes: 1 whole frame, then one that is refused; nothing after it is read.',
        );
        const refused = page.locator('#pasted-frames > li.is-broken');
        expect(await refused.locator('.problem').textContent()).toBe(
          'A payload length is not in its shortest form. The receiver fails the connection with close code 1002 ' +
            '(protocol error). WSIMD_LENGTH_NOT_MINIMAL, byte 5 (counted from 0)',
        );
        expect(await refused.locator('.fault').textContent()).toBe('00 05');
      }));

    it('has examples', () =>
      onPage(DESKTOP, async (page) => {
        await page.goto(`${serve.url}#paste`);
        for (const button of await page.locator('#examples button').all()) {
          await button.click();
          expect(await resultOf(page)).toMatch(/^[0-9]+ bytes: [12] whole frames?\.$/);
        }
        for (const button of await page.locator('#broken-examples button').all()) {
          await button.click();
          expect(await resultOf(page)).toMatch(/: no whole frame, then one that is (refused|cut off)/);
        }
      }));

    it('is refused with the reason where it is no hex', () =>
      onPage(DESKTOP, async (page) => {
        await decode(page, '81 05 zz');
        expect(await resultOf(page)).toBe('“z” is not a hex digit (line 1, character 7).');
        expect(await page.locator('#pasted-frames > li').count()).toBe(0);
        await decode(page, ' ');
        expect(await resultOf(page)).toContain('There is nothing to decode');
      }));
  });

  it('runs on the portable kernel where a policy forbids WebAssembly, and says so', async () => {
    const strict = await startStrictProxy();
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await withPageCoverage(page, async () => {
        await page.goto(strict.url);
        expect(await page.locator('#kernel').textContent()).toMatch(
          /^decoded by the portable kernel: WebAssembly cannot run here: CompileError: .*unsafe-eval/,
        );
        await connect(page);
        await press(page, '1 MiB');
        await hasMessage(page, 'received binary, 1,048,576 bytes, the same');
        await expect
          .poll(() => summariesOf(page).then(([newest]) => newest))
          .toBe('server → browser | binary | 1,048,576 bytes, not masked');

        await page.getByRole('link', { name: 'Benchmark' }).click();
        await press(page, 'Run the benchmark');
        await page
          .getByText(/^Done in \d+ s: the kernel that was asked for cannot run here/)
          .waitFor({ timeout: 60_000 });
        expect(await page.locator('.case .name').allTextContents()).toEqual(Array(12).fill('portable'));
      });
    } finally {
      await context.close();
      await strict.close();
    }
  });

  it.each([
    ['desktop-light', { ...DESKTOP, colorScheme: 'light' }],
    ['desktop-dark', { ...DESKTOP, colorScheme: 'dark' }],
    ['phone', { ...PHONE, deviceScaleFactor: 2 }],
  ] as const)('fits the window, and has its picture taken: %s', (name, options) =>
    onPage(options, async (page) => {
      await connect(page);
      await press(page, 'Send text');
      await press(page, 'Send hex');
      await press(page, 'Ping');
      await expect.poll(() => framesOf(page).count()).toBe(8);
      await page.screenshot({ path: `${SCREENSHOTS}${name}-live.png`, fullPage: true });
      await press(page, '1 MiB');
      await hasMessage(page, 'received binary, 1,048,576 bytes, the same');
      expect(await overflowOf(page)).toBe(0);
      await page.getByRole('link', { name: 'Paste hex' }).click();
      await press(page, 'Bad UTF-8');
      await page.screenshot({ path: `${SCREENSHOTS}${name}-paste.png`, fullPage: true });
      expect(await overflowOf(page)).toBe(0);
      await page.getByRole('link', { name: 'Benchmark' }).click();
      await press(page, 'Run the benchmark');
      await page.getByText(/^Done in/).waitFor({ timeout: 60_000 });
      await page.screenshot({ path: `${SCREENSHOTS}${name}-benchmark.png`, fullPage: true });
      expect(await overflowOf(page)).toBe(0);
    }),
  );

  /** By how many pixels the page is wider than the window. */
  function overflowOf(page: Page): Promise<number> {
    return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }
});
