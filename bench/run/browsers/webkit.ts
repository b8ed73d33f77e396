// Debian's WebKitGTK through its WebDriver, in a display that nobody sees. It must not know what is done with it.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';

/** One session: a MiniBrowser with one window. */
export interface WebKitSession {
  readonly version: string;
  /** A command of the session, e.g. `url`. @returns the answer's value. @throws Error with what the driver says */
  command(name: string, body: object): Promise<unknown>;
  /** What the window shows, as a PNG. */
  screenshot(): Promise<Buffer>;
  close(): Promise<void>;
}

const DRIVER = '/usr/bin/WebKitWebDriver';
const XVFB_RUN = '/usr/bin/xvfb-run';
const MINI_BROWSER_PATHS = [
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser',
  '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
];

const hasDisplay = process.env.DISPLAY !== undefined || process.env.WAYLAND_DISPLAY !== undefined;

/** What is missing of it; empty where it can be started. */
export function missingForWebKit(): string[] {
  const missing = [DRIVER, ...(hasDisplay ? [] : [XVFB_RUN])].filter((path) => !existsSync(path));
  if (findMiniBrowser() === undefined) missing.push(MINI_BROWSER_PATHS.join(' or '));
  return missing;
}

/**
 * @param capabilities of WebDriver, beside what starts the MiniBrowser
 * @throws Error if it is not installed, or does not start
 */
export async function startWebKit(capabilities: object = {}): Promise<WebKitSession> {
  const missing = missingForWebKit();
  const miniBrowser = findMiniBrowser();
  if (missing.length > 0 || miniBrowser === undefined) throw new Error(`not installed: ${missing.join(', ')}`);
  const port = await freePort();
  const driver = [DRIVER, `--port=${port}`];
  const [file = '', ...args] = hasDisplay ? driver : [XVFB_RUN, '-a', ...driver];
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
    await untilReady(`${driverUrl}/status`);
    const alwaysMatch = {
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': { binary: miniBrowser, args: ['--automation'] },
      ...capabilities,
    };
    const session = (await ask(`${driverUrl}/session`, { capabilities: { alwaysMatch } })) as {
      sessionId: string;
      capabilities: { browserVersion: string };
    };
    return {
      version: session.capabilities.browserVersion,
      command: (name, body) => ask(`${driverUrl}/session/${session.sessionId}/${name}`, body),
      screenshot: async () =>
        Buffer.from((await ask(`${driverUrl}/session/${session.sessionId}/screenshot`)) as string, 'base64'),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function findMiniBrowser(): string | undefined {
  return MINI_BROWSER_PATHS.find((path) => existsSync(path));
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

async function ask(url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, body && { method: 'POST', body: JSON.stringify(body) });
  const answer = (await response.json()) as { value: unknown };
  if (!response.ok) throw new Error(`the WebDriver says ${JSON.stringify(answer)}`);
  return answer.value;
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
}
