// Counts garbage collections by kind, where the runtime reports them.

import { constants, PerformanceObserver } from 'node:perf_hooks';
import process from 'node:process';
import type { Collections } from './job.js';

const KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak callbacks'],
]);

interface Entry {
  readonly duration: number;
  readonly detail?: unknown;
}

export class CollectionCounter {
  readonly #kinds = new Map<string, Collections>();
  readonly #observer: PerformanceObserver | undefined;

  constructor() {
    // Bun and Deno have the class, but report no collections.
    if ('bun' in process.versions || 'deno' in process.versions) return;
    this.#observer = new PerformanceObserver((list) => this.#add(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  reset(): void {
    this.#observer?.takeRecords();
    this.#kinds.clear();
  }

  /** Since `reset`, which this doesn't change; undefined where they are not reported. */
  read(): Readonly<Record<string, Collections>> | undefined {
    if (this.#observer === undefined) return undefined;
    this.#add(this.#observer.takeRecords());
    return Object.fromEntries(this.#kinds);
  }

  #add(entries: readonly Entry[]): void {
    for (const { duration, detail } of entries) {
      const { kind } = detail as { readonly kind: number };
      const name = KINDS.get(kind) ?? `kind ${kind}`;
      const { count, milliseconds, longest } = this.#kinds.get(name) ?? { count: 0, milliseconds: 0, longest: 0 };
      this.#kinds.set(name, {
        count: count + 1,
        milliseconds: milliseconds + duration,
        longest: Math.max(longest, duration),
      });
    }
  }
}
