// Starts a browser of the system on a page, and ends it. It must not know what the page does.

import { existsSync } from 'node:fs';
import { startWebKit } from './webkit.js';

/** A browser that shows the page. */
export interface OpenBrowser {
  close(): Promise<void>;
}

export const BROWSERS = ['chromium', 'firefox', 'webkit'] as const;
export type BrowserName = (typeof BROWSERS)[number];

/** Nothing that a browser does by itself is to be measured. */
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const WIDTH = 1280;
const HEIGHT = 900;

/** @throws Error if the browser is not there, or does not open the page */
export function openBrowser(name: BrowserName, url: string): Promise<OpenBrowser> {
  if (name === 'chromium') return openChromium(url);
  return name === 'firefox' ? openFirefox(url) : openWebKit(url);
}

async function openChromium(url: string): Promise<OpenBrowser> {
  const { chromium } = await import('playwright-core');
  const executablePath = findProgram('chromium', ['/usr/bin/chromium', '/usr/bin/chromium-browser']);
  const browser = await chromium.launch({ executablePath, headless: true, args: CHROMIUM_FLAGS });
  const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
  await page.goto(url);
  return { close: () => browser.close() };
}

async function openFirefox(url: string): Promise<OpenBrowser> {
  const { launch } = await import('puppeteer-core');
  const executablePath = findProgram('firefox', ['/usr/bin/firefox-esr', '/usr/bin/firefox']);
  const browser = await launch({ browser: 'firefox', executablePath, headless: true });
  const page = await browser.newPage();
  await page.goto(url);
  return { close: () => browser.close() };
}

async function openWebKit(url: string): Promise<OpenBrowser> {
  const session = await startWebKit();
  try {
    await session.command('url', { url });
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

function findProgram(name: string, paths: readonly string[]): string {
  const path = paths.find((path) => existsSync(path));
  if (path === undefined) throw new Error(`${name} is not installed: it is none of ${paths.join(', ')}`);
  return path;
}
