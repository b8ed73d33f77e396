// One run in the page: measures group after group, and tells how far it is. It must not know the DOM.

import { selectKernel } from '../../src/index.js';
import { type Group, measure, type Plan } from '../core/harness.js';
import { type CaseResult, type GroupResult, type RunResult, summarizeCase } from '../core/results.js';
import { findBrowser } from './engine.js';
import { groups } from './groups.js';
import { type RunSpec, VERSIONS_PATH } from './run-spec.js';

/** Receives the progress and the results of a run. */
export interface RunObserver {
  onCase(group: Group, label: string, done: number, total: number): void;
  onResult(group: Group, result: CaseResult): void;
  onGroupDone(group: Group): void;
}

/** The groups with the cases whose names have all words of the spec. */
export function chooseGroups({ words }: RunSpec): Group[] {
  const matches = (id: string) => words.every((word) => id.split('/').some((part) => part.startsWith(word)));
  return groups
    .map((group) => ({ ...group, cases: group.cases.filter(({ label }) => matches(`${group.id}/${label}`)) }))
    .filter(({ cases }) => cases.length > 0);
}

/** @throws Error if WebAssembly cannot run here, or a subject does not do what it should */
export async function run(chosen: readonly Group[], spec: RunSpec, observer: RunObserver): Promise<RunResult> {
  const { kernel, reason } = selectKernel();
  if (kernel.name !== 'wasm') throw new Error(`the default kernel is ${kernel.name}: ${reason}`);
  const { rounds, warmupRounds, turn } = spec;
  const browser = findBrowser();
  const browserId = browser.name.toLowerCase();
  const plan: Plan = { rounds, warmupRounds, turn, rest };
  const versions = await fetchVersions();
  const start = performance.now();
  const total = chosen.reduce((sum, { cases }) => sum + cases.length, 0);
  let done = 0;
  const results: GroupResult[] = [];
  for (const group of chosen) {
    const cases: CaseResult[] = [];
    for (const { label, make } of group.cases) {
      observer.onCase(group, label, done++, total);
      await paint();
      const workload = make();
      const result = summarizeCase(group, label, workload, await measure(workload, plan), browserId);
      cases.push(result);
      observer.onResult(group, result);
    }
    const { id, title, notes } = group;
    results.push({ id, title, notes, cases });
    observer.onGroupDone(group);
  }
  return {
    format: 1,
    date: new Date().toISOString(),
    seconds: Math.round((performance.now() - start) / 1000),
    plan: { rounds, warmupRounds, turn },
    machine: { cpu: 'unknown', cores: navigator.hardwareConcurrency, userAgent: navigator.userAgent },
    versions: { ...versions, [browserId]: browser.version },
    groups: results,
  };
}

async function fetchVersions(): Promise<Record<string, string>> {
  const response = await fetch(VERSIONS_PATH);
  if (!response.ok) throw new Error(`${VERSIONS_PATH}: ${response.status}`);
  return (await response.json()) as Record<string, string>;
}

/** Lets the browser do what it must; a message comes sooner than any timer. */
function rest(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Lets the browser draw, if it shows the page at all. */
function paint(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 30);
  });
}
