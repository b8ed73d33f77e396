// Starts a browser of the system on a page, and ends it. It must not know what the page does.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

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
const MINI_BROWSER_PATHS = [
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser',
  '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
];

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

/** Through its WebDriver, in a display that nobody sees. */
async function openWebKit(url: string): Promise<OpenBrowser> {
  const driverPath = findProgram('WebKitWebDriver', ['/usr/bin/WebKitWebDriver']);
  const miniBrowser = findProgram('MiniBrowser', MINI_BROWSER_PATHS);
  const hasDisplay = process.env.DISPLAY !== undefined || process.env.WAYLAND_DISPLAY !== undefined;
  const port = await freePort();
  const driver = [driverPath, `--port=${port}`];
  const command = hasDisplay ? driver : [findProgram('xvfb-run', ['/usr/bin/xvfb-run']), '-a', ...driver];
  const [file = '', ...args] = command;
  // A group of its own: xvfb-run does not end what it has started.
  const child = spawn(file, args, { stdio: 'ignore', detached: true });
  const end = () => endGroup(child);
  process.once('exit', end);
  const close = async () => {
    process.removeListener('exit', end);
    end();
  };
  try {
    const driverUrl = `http://127.0.0.1:${port}`;
    const capabilities = {
      alwaysMatch: {
        browserName: 'MiniBrowser',
        'webkitgtk:browserOptions': { binary: miniBrowser, args: ['--automation'] },
      },
    };
    await untilReady(`${driverUrl}/status`);
    const session = (await post(`${driverUrl}/session`, { capabilities })) as { value: { sessionId: string } };
    await post(`${driverUrl}/session/${session.value.sessionId}/url`, { url });
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

function findProgram(name: string, paths: readonly string[]): string {
  const path = paths.find((path) => existsSync(path));
  if (path === undefined) throw new Error(`${name} is not installed: it is none of ${paths.join(', ')}`);
  return path;
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await sleep(200);
  }
  throw new Error('the WebDriver does not start');
}

async function post(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`the WebDriver says ${JSON.stringify(answer)}`);
  return answer;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
}
