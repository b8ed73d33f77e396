// The three engines in one shape: Debian's Chromium (by playwright-core), Firefox ESR (by puppeteer-core) and WebKitGTK (by its
// WebDriver). It must not know what a page does.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { missingForWebKit, startWebKit } from '../../../bench/run/browsers/webkit.js';
import { hasChromium, launchChromium } from './chromium.js';

/** A browser without a profile, with one page. A self-signed certificate will do. */
export interface TestBrowser {
  readonly name: BrowserName;
  readonly version: string;
  /** Goes to a page, and waits until it is loaded. */
  open(url: string): Promise<void>;
  /**
   * Runs a function in the page, and waits for what it returns. Only its text goes there: it can use nothing from around it.
   *
   * @param argument is copied as JSON, as is what it returns
   * @throws Error with what was thrown in the page
   */
  evaluate<A, R>(run: Run<A, R>, argument: A): Promise<R>;
  /** Writes a PNG of what the window shows. */
  screenshot(path: string): Promise<void>;
  /** Ends the browser's processes. */
  close(): Promise<void>;
}

type Run<A, R> = (argument: A) => R | Promise<R>;

export const BROWSERS = ['chromium', 'firefox', 'webkit'] as const;
export type BrowserName = (typeof BROWSERS)[number];

const FIREFOX = '/usr/bin/firefox-esr';
/** How long a function may run in a WebKit page; the other two drivers wait as long as the test does. */
const SCRIPT_LIMIT = 10 * 60_000;

export function hasBrowser(name: BrowserName): boolean {
  if (name === 'chromium') return hasChromium;
  return name === 'firefox' ? existsSync(FIREFOX) : missingForWebKit().length === 0;
}

/** @throws Error if it is not installed, or does not start */
export function launchBrowser(name: BrowserName): Promise<TestBrowser> {
  if (name === 'chromium') return chromium();
  return name === 'firefox' ? firefox() : webkit();
}

async function chromium(): Promise<TestBrowser> {
  const browser = await launchChromium();
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  return {
    name: 'chromium',
    version: browser.version(),
    open: async (url) => {
      await page.goto(url);
    },
    evaluate: (run, argument) => page.evaluate(callOf(run, argument)),
    screenshot: async (path) => writePng(path, await page.screenshot()),
    close: () => browser.close(),
  };
}

async function firefox(): Promise<TestBrowser> {
  const { launch } = await import('puppeteer-core');
  const browser = await launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    headless: true,
    acceptInsecureCerts: true,
    protocolTimeout: 0,
  });
  const page = await browser.newPage();
  return {
    name: 'firefox',
    version: (await browser.version()).replace(/^\w+\//, ''),
    open: async (url) => {
      await page.goto(url);
    },
    evaluate: async <A, R>(run: Run<A, R>, argument: A) => (await page.evaluate(callOf(run, argument))) as R,
    screenshot: async (path) => writePng(path, await page.screenshot()),
    close: () => browser.close(),
  };
}

async function webkit(): Promise<TestBrowser> {
  const session = await startWebKit({ acceptInsecureCerts: true, timeouts: { script: SCRIPT_LIMIT } });
  return {
    name: 'webkit',
    version: session.version,
    open: async (url) => {
      await session.command('url', { url });
    },
    evaluate: async (run, argument) => {
      const script = `const done = arguments[0];
        new Promise((resolve) => resolve(${callOf(run, argument)}))
          .then((value) => done({ value }), (error) => done({ error: error + '\\n' + error?.stack }));`;
      const result = (await session.command('execute/async', { script, args: [] })) as { value: never; error?: string };
      if (result.error !== undefined) throw new Error(result.error);
      return result.value;
    },
    screenshot: async (path) => writePng(path, await session.screenshot()),
    close: () => session.close(),
  };
}

function writePng(path: string, png: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, png);
}

/** The call as text. */
function callOf<A, R>(run: Run<A, R>, argument: A): string {
  return `(${run})(${JSON.stringify(argument) ?? ''})`;
}
