// The page of `wsimd serve` in Chromium where things are not as they should be: frames that are cut off, servers that answer
// wrongly or not at all, more than there is room for. The servers are made up where no real one would do such things.

import { type AddressInfo, connect as connectTo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { hasChromium, launchChromium } from '../../support/programs/chromium.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { withPageCoverage } from '../../support/programs/page-coverage.js';
import { type Serve, startServe } from '../../support/servers/serve.js';
import { makeCertificate } from '../../support/servers/tls.js';

const TO_SERVER = 0;
const TO_BROWSER = 1;

describeWith('Chromium: the page where things go wrong', hasChromium, () => {
  let serve: Serve;
  let browser: Browser;

  beforeAll(async () => {
    // A proxy has a port of its own.
    serve = await startServe('--allow-host', '127.0.0.1');
    browser = await launchChromium();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await serve?.stop();
  });

  /**
   * @param prepare is called before the page is loaded
   * @param url where it is loaded from
   */
  async function onPage(
    test: (page: Page) => Promise<void>,
    prepare: (page: Page) => Promise<unknown> = async () => {},
    url = serve.url,
  ): Promise<void> {
    const page = await browser.newPage({ ignoreHTTPSErrors: true });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    try {
      await prepare(page);
      await withPageCoverage(page, async () => {
        await page.goto(url);
        await page.getByText(/^decoded by the wasm kernel/).waitFor();
        await test(page);
      });
      expect(complaints).toEqual([]);
    } finally {
      await page.close();
    }
  }

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const messagesOf = (page: Page) => page.getByRole('log').locator('p').allTextContents();
  const framesOf = (page: Page) => page.locator('#frames > li');

  async function connect(page: Page): Promise<void> {
    await press(page, 'Connect');
    await page.getByText('connected', { exact: true }).waitFor();
  }

  it('frames that are cut off, at whatever byte', () =>
    onPage(async (page) => {
      await page.getByRole('link', { name: 'Paste hex' }).click();
      const inHeader = 'The bytes end inside this header.';
      const missing = (bytes: string) => `The bytes end inside this frame; of its payload, ${bytes} did not come.`;
      for (const [hex, problem, header] of [
        ['81', inHeader, 'Header 81; FIN 1; RSV 0 0 0; opcode 1, text'],
        ['00', inHeader, 'Header 00; FIN 0; RSV 0 0 0; opcode 0, continuation'],
        ['81 fe 01', inHeader, /; MASK 1; length 126.*; extended length cut off$/],
        ['81 fe 01 00 37 fa', inHeader, /; extended length 256; masking key 37 fa$/],
        ['81 05', missing('5 bytes'), 'Header 81 05; FIN 1; RSV 0 0 0; opcode 1, text; MASK 0; length 5'],
        ['82 02 61', missing('1 byte'), 'Header 82 02; FIN 1; RSV 0 0 0; opcode 2, binary; MASK 0; length 2'],
      ] as const) {
        await page.getByLabel('Frames in hex').fill(hex);
        await press(page, 'Decode');
        expect(await page.locator('#paste-result').textContent()).toContain('no whole frame, then one that is cut off');
        const frame = page.locator('#pasted-frames > li.is-broken');
        expect(await frame.locator('.problem').textContent()).toBe(problem);
        expect(await frame.locator('.badge').textContent()).toBe('cut off');
        expect(await frame.getByRole('img').getAttribute('aria-label')).toEqual(
          typeof header === 'string' ? header : expect.stringMatching(header),
        );
      }
    }));

  it('what stands behind a Close frame, more frames than are shown, a message that inflates to nothing, a fault at the end', () =>
    onPage(async (page) => {
      await page.getByRole('link', { name: 'Paste hex' }).click();
      const result = async (hex: string) => {
        await page.getByLabel('Frames in hex').fill(hex);
        await press(page, 'Decode');
        return page.locator('#paste-result').textContent();
      };
      expect(await result('88 00 81 00')).toBe('4 bytes: 1 whole frame; after the Close frame, 2 bytes not read.');
      expect(await result('8100'.repeat(205))).toBe('410 bytes: 205 whole frames; the last 5 are not shown.');
      expect(await page.locator('#pasted-frames > li').count()).toBe(200);
      expect(await result('c1 01 00')).toBe('3 bytes: 1 whole frame.');
      expect(await page.locator('#pasted-frames dd').last().textContent()).toBe('empty');
      for (const hex of ['81 01 ff', '81 02 61 ff', '88 03 03 e8 ff']) {
        expect(await result(hex)).toContain('then one that is refused');
        expect(await page.locator('#pasted-frames .fault').textContent()).toBe('ff');
      }
    }));

  it('sends with Ctrl-Enter, closes without a code, and keeps the newest of what there is no room for', () =>
    onPage(async (page) => {
      await connect(page);
      const text = page.getByLabel('Text message');
      await text.fill('by key');
      await text.press('Control+Enter');
      await expect.poll(() => messagesOf(page)).toContain('received text “by key”, the same');
      await text.press('Enter');
      expect((await messagesOf(page)).filter((message) => message.startsWith('sent'))).toHaveLength(1);
      await page.evaluate(() => {
        const form = document.querySelector<HTMLFormElement>('#text-form')!;
        const input = document.querySelector<HTMLTextAreaElement>('#text')!;
        for (let i = 0; i < 150; i++) {
          input.value = `message ${i}`;
          form.requestSubmit();
        }
      });
      await expect.poll(() => messagesOf(page)).toContain('received text “message 149”, the same');
      expect(await messagesOf(page)).toHaveLength(200);
      await expect.poll(() => framesOf(page).count()).toBe(200);
      await page.getByLabel('Close code').fill('');
      await press(page, 'Close');
      await expect.poll(() => messagesOf(page)).toContain('problem A reason needs a code.');
      await page.getByLabel('Reason').fill('');
      await press(page, 'Close');
      await expect
        .poll(() => messagesOf(page))
        .toContainEqual(expect.stringMatching(/^closed with 1005: no code was given/));
    }));

  it('given up before the server has answered: it says nothing of it', () =>
    onPage(
      async (page) => {
        await press(page, 'Connect');
        await page.getByText('connecting', { exact: false }).first().waitFor();
        await press(page, 'Disconnect');
        await expect.poll(() => page.getByRole('button', { name: 'Connect', exact: true }).isEnabled()).toBe(true);
        expect(await messagesOf(page)).toEqual([]);
      },
      (page) => page.routeWebSocket(/\/tap$/, () => {}),
    ));

  it('a tap that names an id that the server does not know: there is no connection', () =>
    onPage(
      async (page) => {
        await press(page, 'Connect');
        await expect
          .poll(() => messagesOf(page))
          .toEqual(['problem The server does not answer. Is “wsimd serve” still running?']);
      },
      (page) => page.routeWebSocket(/\/tap$/, (route) => route.send('an id that nobody has given')),
    ));

  it('over https, behind a proxy that ends TLS: its WebSockets go there too', async () => {
    const proxy = createTlsServer({ ...makeCertificate() }, (socket) => {
      const upstream = connectTo(serve.port, '127.0.0.1');
      for (const end of [socket, upstream]) end.on('error', () => {});
      socket.on('close', () => upstream.destroy());
      upstream.on('close', () => socket.destroy());
      socket.pipe(upstream).pipe(socket);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const authority = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const webSockets: string[] = [];
    await onPage(
      async (page) => {
        await connect(page);
        await page.getByLabel('Text message').fill('hello');
        await press(page, 'Send text');
        await expect.poll(() => messagesOf(page)).toContain('received text “hello”, the same');
        expect(webSockets.map((url) => url.split('?')[0])).toEqual([
          `wss://${authority}/tap`,
          `wss://${authority}/echo`,
        ]);
      },
      async (page) => {
        page.on('websocket', (webSocket) => webSockets.push(webSocket.url()));
      },
      `https://${authority}/`,
    );
  });

  it('kernels that do not come to the same: the benchmark says which, and on what', () =>
    onPage(
      async (page) => {
        await page.getByRole('link', { name: 'Benchmark' }).click();
        await press(page, 'Run the benchmark');
        await expect
          .poll(() => page.locator('#benchmark-status[data-problem]').allTextContents())
          .toEqual([expect.stringMatching(/^Error: 16 B: portable does not come to \d+$/)]);
        expect(await page.getByRole('button', { name: 'Run the benchmark' }).isEnabled()).toBe(true);
      },
      (page) =>
        page.route(/\/portable\/decode\.js$/, async (route) => {
          const response = await route.fetch();
          // Each payload begins a byte late.
          const right = 'headerLength, payloadPtr, length, maskingKey';
          const [before, after, ...more] = (await response.text()).split(right);
          expect([typeof after, more]).toEqual(['string', []]);
          await route.fulfill({
            response,
            body: `${before}headerLength, payloadPtr + 1, length - 1, maskingKey${after}`,
          });
        }),
    ));

  it('a server that is none: other answers than were sent, a wrong Sec-WebSocket-Accept, heads in pieces, a tap that ends', () => {
    let tap: WebSocketRoute | undefined;
    const tell = (direction: number, bytes: string) =>
      tap!.send(Buffer.concat([Buffer.of(direction), Buffer.from(bytes, 'latin1')]));
    return onPage(
      async (page) => {
        await connect(page);
        await page.getByLabel('Text message').fill('hello');
        await press(page, 'Send text');
        await expect.poll(() => messagesOf(page)).toContain('received text “something else”, NOT the same');

        tell(TO_SERVER, 'GET /echo HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: dGhlIHNhbX');
        tell(TO_SERVER, 'BsZSBub25jZQ==\r\n\r\n');
        tell(
          TO_BROWSER,
          'HTTP/1.1 101 x\r\nSec-WebSocket-Accept: wrong\r\nSec-WebSocket-Extensions: ,=\r\n\r\n\x81\x05he',
        );
        await expect
          .poll(() => framesOf(page).first().locator('p').allTextContents())
          .toEqual([
            'Sec-WebSocket-Accept is not the answer to the key dGhlIHNhbXBsZSBub25jZQ==: that is ' +
              's3pPLMBiTxaQ9kYGzzhZRbK+xOo=.',
          ]);
        await tap!.close({ code: 1008, reason: 'the page reads too slowly' });
        await expect
          .poll(() => messagesOf(page))
          .toContain('problem No more frames are shown: the page reads too slowly.');
        // What the tap ended in.
        expect(await framesOf(page).first().locator('.badge').textContent()).toBe('cut off');
        expect(await framesOf(page).first().locator('.problem').textContent()).toContain('3 bytes did not come');
      },
      async (page) => {
        await page.routeWebSocket(/\/tap$/, (route) => {
          tap = route;
          route.send('an id');
        });
        await page.routeWebSocket(/\/echo\?/, (route) => {
          route.onMessage(() => route.send('something else'));
        });
      },
    );
  });
});
