// The page of `wsimd proxy --feed` in three engines: the browser chats with a server of `ws` through the proxy, compressed, with one
// broken frame, and the page shows it. What peers send and how connections are named stays text. Leaves screenshots in
// build/screenshots/.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROWSERS, hasBrowser, launchBrowser, type TestBrowser } from '../../support/programs/browsers.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { ofType } from '../../support/programs/inspected.js';
import { startProxy } from '../../support/servers/proxy.js';
import { startServe } from '../../support/servers/serve.js';
import { startWs } from '../../support/servers/ws.js';

const SCREENSHOTS = fileURLToPath(new URL('../../../build/screenshots/', import.meta.url));
const EVIL =
  '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>\x1b[2J\u202e</span>"><a href=javascript:alert(1)>';

describe.each(BROWSERS)('in %s', (name) => {
  describeWith(name, hasBrowser(name), () => {
    let browser: TestBrowser;
    beforeAll(async () => {
      browser = await launchBrowser(name);
    }, 60_000);
    afterAll(() => browser?.close());

    it('a compressed chat through the proxy, with one broken frame', async () => {
      const { url, server } = await startWs((socket) => {
        socket.on('error', () => {});
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      });
      server.options.perMessageDeflate = { threshold: 0 };
      const proxy = await startProxy('--json', '--feed', '0', url);
      await browser.open(proxy.feedUrl!.replace('ws:', 'http:').replace('/feed', '/'));
      const seen = await browser.evaluate(async (evil) => {
        const get = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
        const rows = () => [...document.querySelectorAll<HTMLElement>('#list [role=option]')];
        const until = async (what: string, isTrue: () => boolean) => {
          const end = performance.now() + 20_000;
          while (!isTrue()) {
            if (performance.now() > end)
              throw new Error(
                `${what} did not come: ${rows()
                  .map((row) => row.textContent)
                  .join('\n')}`,
              );
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        };
        const set = (id: string, value: string) => {
          const field = get<HTMLInputElement>(id);
          field.value = value;
          field.dispatchEvent(new Event('input', { bubbles: true }));
          field.dispatchEvent(new Event('change', { bubbles: true }));
        };
        const withText = (text: string) => rows().filter((row) => row.textContent!.includes(text));

        await until('the proxy’s URL', () => get<HTMLInputElement>('url').value !== '');
        get('open').click();
        await until('the connection', () => get('own').textContent!.startsWith('open'));
        const extensions = get('own').textContent!;
        set('as', 'page');
        for (const text of ['hello', '{"kind":"greeting"}', evil]) {
          set('content', text);
          get('send').click();
        }
        set('format', 'binary');
        set('content', 'de ad be ef');
        get('send').click();
        await until('the echoes', () => withText('de ad be ef').length === 2);
        withText('greeting')[0]!.click();
        await until('the message', () => document.querySelector('#detail .message') !== null);
        const message = document.querySelector('#detail .message')!.textContent;
        withText('<img')[0]!.click();
        await until('the hostile message', () =>
          document.querySelector('#detail .message')!.textContent!.includes('<img'),
        );
        const hostile = document.querySelectorAll(
          '#list img, #list script, #list a, #detail img, #detail script, #detail a',
        ).length;

        // In three frames, as the client.
        set('as', 'client');
        set('format', 'text');
        set('frames', '3');
        set('content', 'in fragments');
        get('send').click();
        await until('the fragments', () => withText('in fragments').length >= 2);
        set('broken', 'a continuation of nothing');
        get('send').click();
        await until('the broken rule', () => withText('WSIMD_').length === 1);
        await until('the end', () => get('own').textContent!.startsWith('closed'));

        // An inline script must not run.
        let blocked = '';
        document.addEventListener('securitypolicyviolation', (event) => {
          blocked ||= event.effectiveDirective;
        });
        const script = document.createElement('script');
        script.textContent = 'document.title = "inline"';
        document.body.append(script);
        await until('the refusal of an inline script', () => blocked !== '');
        return {
          extensions,
          message,
          hostile,
          title: document.title,
          blocked,
          violation: withText('WSIMD_')[0]!.textContent,
        };
      }, EVIL);
      await browser.screenshot(`${SCREENSHOTS}inspector-${name}.png`);
      expect(seen).toMatchObject({
        message: '{\n  "kind": "greeting"\n}',
        hostile: 0,
        title: 'wsimd proxy: live frames',
        blocked: expect.stringMatching(/^script-src/),
      });
      expect(seen.violation).toContain('→violationWSIMD_');
      // Each browser offers permessage-deflate; the server takes it.
      expect(seen.extensions).toContain('permessage-deflate');
      // The page may know it before we do.
      await expect.poll(() => ofType(proxy.told, 'violation')).toHaveLength(1);
      const messages = ofType(proxy.told, 'message');
      expect(messages.filter(({ isCompressed }) => isCompressed).length).toBeGreaterThanOrEqual(8);
      expect(messages).toContainEqual(
        expect.objectContaining({ frames: 3, payload: { text: 'in fragments', isCut: false } }),
      );
    }, 90_000);

    it('a connection straight to a server, from the page of `wsimd serve`', async () => {
      const { url } = await startWs();
      const serve = await startServe();
      try {
        await browser.open(`${serve.url}inspector.html`);
        const seen = await browser.evaluate(async (url) => {
          const get = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
          const until = async (isTrue: () => boolean) => {
            const end = performance.now() + 20_000;
            while (!isTrue()) {
              if (performance.now() > end) throw new Error(document.body.innerText);
              await new Promise((resolve) => setTimeout(resolve, 50));
            }
          };
          await until(() => get<HTMLInputElement>('url').value !== '');
          get<HTMLInputElement>('url').value = url;
          get('open').click();
          await until(() => get('own').textContent!.startsWith('open'));
          get<HTMLTextAreaElement>('content').value = 'straight';
          get('send').click();
          await until(() => document.querySelectorAll('#list [role=option]').length === 2);
          get<HTMLInputElement>('url').value = 'no URL';
          get('open').click();
          await until(() => get('problem').textContent !== '');
          return [...document.querySelectorAll('#list [role=option]')].map((row) =>
            row.textContent!.replace(/^[\d:.]+/, ''),
          );
        }, url);
        expect(seen).toEqual(['page→text8"straight"', 'page←text8"straight"']);
      } finally {
        await serve.stop();
      }
    }, 90_000);
  });
});
