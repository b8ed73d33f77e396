// `npm run bench -- --browser NAME`: the benchmark in a browser, or only its page. It must not know how either works.

import type { RunResult } from '../../core/results.js';
import { writeSpec } from '../../page/run-spec.js';
import { describeMachine } from '../machine.js';
import { BROWSERS, type BrowserName, openBrowser } from './browsers.js';
import { servePage } from './serve.js';

/** How long to measure, and what. */
export interface BrowserPlan {
  readonly rounds: number;
  readonly warmupRounds: number;
  readonly turn: number;
  readonly words: readonly string[];
}

const TIME_LIMIT = 10 * 60_000;

/** Runs the page's cases in a browser. @throws Error if it is not there, fails, or takes longer than ten minutes */
export async function runInBrowser(name: BrowserName, plan: BrowserPlan): Promise<RunResult> {
  // Before the browser is: what else the machine was doing.
  const machine = describeMachine();
  const server = await servePage();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} has not finished in ten minutes`)), TIME_LIMIT);
  });
  try {
    const browser = await openBrowser(name, server.url + writeSpec({ ...plan, isPosted: true, isStarted: true }));
    try {
      const result = await Promise.race([server.result, limit]);
      return { ...result, machine: { ...result.machine, ...machine } };
    } finally {
      await browser.close();
    }
  } finally {
    clearTimeout(timer);
    server.close();
  }
}

/** Serves the page until the process is ended. @returns its address, which says how long to measure */
export async function servePageOnly(plan: BrowserPlan): Promise<string> {
  const { url } = await servePage();
  return url + writeSpec({ ...plan, isPosted: false, isStarted: false });
}

/** @param list as on the command line. @throws RangeError for a browser that we know not how to start */
export function parseBrowserList(list: string): BrowserName[] {
  if (list === 'all') return [...BROWSERS];
  return list.split(',').map((name) => {
    const known = BROWSERS.find((browser) => browser === name.trim().toLowerCase());
    if (known === undefined)
      throw new RangeError(`--browser is all, some of ${BROWSERS.join(', ')}, or page, not ${name}`);
    return known;
  });
}
