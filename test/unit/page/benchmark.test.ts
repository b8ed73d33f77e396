// The benchmark of the page of `wsimd serve`, in the three engines: figures of both kernels for every case, and no complaint.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { BROWSERS, hasBrowser, launchBrowser, type TestBrowser } from '../../support/programs/browsers.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { type Serve, startServe } from '../../support/servers/serve.js';

/** What a person reads there when it is done. */
interface Shown {
  readonly status: string;
  readonly isProblem: boolean;
  readonly groups: string[];
  /** Of each case: its title, and what stands beside each bar. */
  readonly cases: { readonly title: string; readonly kernels: string[]; readonly figures: string[] }[];
  /** Of each bar, the part of its row's width; the longer of a pair has it all. */
  readonly shares: number[];
  /** By how many pixels the page is wider than the window. */
  readonly overflow: number;
  readonly errors: string[];
}

/** Runs in the page. */
async function runBenchmark(): Promise<Shown> {
  const errors: string[] = [];
  addEventListener('error', (event) => errors.push(event.message));
  addEventListener('unhandledrejection', (event) => errors.push(String(event.reason)));
  const one = (selector: string, within: ParentNode = document) => within.querySelector<HTMLElement>(selector)!;
  const all = (selector: string, within: ParentNode = document) => [...within.querySelectorAll<HTMLElement>(selector)];
  const text = (element: HTMLElement) => element.textContent ?? '';
  // A driver may say that a page is loaded while its modules are not.
  while (!text(one('#kernel')).startsWith('decoded')) await new Promise((resolve) => setTimeout(resolve, 50));
  const button = one('#run-benchmark') as HTMLButtonElement;
  button.click();
  while (button.disabled) await new Promise((resolve) => setTimeout(resolve, 50));
  const { scrollWidth, clientWidth } = document.documentElement;
  return {
    status: text(one('#benchmark-status')),
    isProblem: 'problem' in one('#benchmark-status').dataset,
    groups: all('.chart h2').map(text),
    cases: all('.case').map((root) => ({
      title: text(one('.case-title', root)),
      kernels: all('.name', root).map(text),
      figures: all('.figure', root).map(text),
    })),
    shares: all('.kernel-row').map((row) => {
      const [, bar, figure] = [...row.children].map((child) => child.getBoundingClientRect());
      const room = figure!.left - bar!.left;
      return bar!.width / room;
    }),
    overflow: scrollWidth - clientWidth,
    errors,
  };
}

for (const name of BROWSERS) {
  describeWith(`${name}: the benchmark of the page`, hasBrowser(name), () => {
    let serve: Serve;
    let browser: TestBrowser;

    beforeAll(async () => {
      serve = await startServe();
      browser = await launchBrowser(name);
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      await serve?.stop();
    });

    it('measures both kernels and draws them', { timeout: 180_000 }, async () => {
      await browser.open(`${serve.url}#benchmark`);
      const shown = await browser.evaluate(runBenchmark, undefined);
      expect(shown.errors).toEqual([]);
      expect(shown.status).toMatch(/^Done in \d+ s: wasm is the faster kernel in \d+ of 12\.$/);
      expect(shown.isProblem).toBe(false);
      expect(shown.groups).toEqual(['Take frames apart', 'Receive text', 'Send as a client', 'The kernel alone']);
      expect(shown.cases).toHaveLength(12);
      for (const { title, kernels, figures } of shown.cases) {
        expect(title).toMatch(/wasm [\d.]+ ×$/);
        expect(kernels, title).toEqual(['wasm', 'portable']);
        for (const figure of figures) expect(figure, title).toMatch(/^[1-9][\d.]* ([Mk]\/s|\/s|[GM]B\/s)$|^0\.\d+ /);
      }
      for (let i = 0; i < shown.shares.length; i += 2) {
        const [a = 0, b = 0] = shown.shares.slice(i, i + 2);
        expect(Math.min(a, b)).toBeGreaterThan(0);
        expect(Math.max(a, b)).toBeGreaterThan(0.85);
        expect(Math.max(a, b)).toBeLessThanOrEqual(1);
      }
      expect(shown.overflow).toBe(0);
    });
  });
}
