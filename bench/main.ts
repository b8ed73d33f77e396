// `npm run bench`: reads the arguments, runs the cases, shows how far it is, prints and writes what came out. It must not
// know what the cases do.

import { writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { selectKernel } from '../src/index.js';
import { groups } from './cases/index.js';
import { type Group, measure, type Plan } from './harness.js';
import { describeMachine, listVersions } from './machine.js';
import { LEGEND, summarizeBars, toMarkdown, toTerminal } from './report.js';
import { type CaseResult, type GroupResult, type RunResult, summarizeCase } from './results.js';

const HELP = `npm run bench -- [word …] [options]

Only cases in whose name every word begins a part, as in "decode cursor 64". Those of "echo", end to end in processes of
their own, are run only where they are named.

  --subject NAME   only this subject; may be given more than once
  --quick          few and short rounds: under a minute, and not to be quoted
  --rounds N       how many rounds count
  --json FILE      write everything: machine, versions, every sample
  --markdown FILE  write the tables
  --browser NAME   what runs in a browser too, in chromium, firefox or webkit; page: serve the page and say where
  --help           this`;

// A turn is long enough to meet some garbage collections, and a round so short that the machine is the same in all of it.
const FULL = { rounds: 41, warmupRounds: 8, turn: 10 };
const QUICK = { rounds: 9, warmupRounds: 3, turn: 4 };

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    subject: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    browser: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) console.log(HELP);
else if (options.browser !== undefined) await runInABrowser(options.browser);
else await run();

async function run(): Promise<void> {
  // What is measured as the default is to be WebAssembly: nothing falls back in silence in a benchmark.
  const { kernel, reason } = selectKernel();
  if (kernel.name !== 'wasm') throw new Error(`the default kernel is ${kernel.name}: ${reason}`);

  const chosen = chooseGroups();
  const plan = makePlan();
  const versions = listVersions();
  const machine = describeMachine();
  const total = chosen.reduce((sum, group) => sum + group.cases.length, 0);
  const start = performance.now();
  console.log(`${machine.cpu}, ${machine.cores} cores, Node ${versions.node}. ${LEGEND}\n`);

  let done = 0;
  const results: GroupResult[] = [];
  for (const group of chosen) {
    const cases: CaseResult[] = [];
    for (const { label, make } of group.cases) {
      showProgress(`${++done}/${total} ${group.id}/${label}`);
      const workload = make();
      const subjects = workload.subjects.filter(({ name }) => options.subject?.includes(name) ?? true);
      if (subjects.length === 0 && workload.gauge === undefined) continue;
      const measurements = await measure({ ...workload, subjects }, plan);
      cases.push(summarizeCase(group, label, workload, measurements));
    }
    showProgress('');
    if (cases.length === 0) continue;
    const { id, title, notes, unit } = group;
    const result = { id, title, notes, cases, ...(unit === undefined ? {} : { unit }) };
    results.push(result);
    console.log(toTerminal(result));
  }

  const { rounds, warmupRounds, turn } = plan;
  const run: RunResult = {
    format: 1,
    date: new Date().toISOString(),
    seconds: Math.round((performance.now() - start) / 1000),
    plan: { rounds, warmupRounds, turn },
    machine,
    versions,
    groups: results,
  };
  console.log(`${summarizeBars(results)}\n${done} cases in ${run.seconds} s.`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(run)}\n`);
  if (options.markdown !== undefined) writeFileSync(options.markdown, toMarkdown(run));
}

/** The page of bench/page/, and what it comes to. */
async function runInABrowser(name: string): Promise<void> {
  const { runInBrowser, servePageOnly, toBrowserName } = await import('./browser/main.js');
  const { rounds, warmupRounds, turn } = makePlan();
  // A third of the rounds: a browser is to be done in a few minutes.
  const plan = { rounds: Math.ceil(rounds / 3), warmupRounds: Math.ceil(warmupRounds / 2), turn, words };
  if (name === 'page') {
    console.log(`The page: ${await servePageOnly(plan)}\nCtrl-C ends it.`);
    return;
  }
  const run = await runInBrowser(toBrowserName(name), plan);
  for (const group of run.groups) console.log(toTerminal(group));
  console.log(`${run.machine.userAgent}: ${run.seconds} s.`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(run)}\n`);
  if (options.markdown !== undefined) writeFileSync(options.markdown, toMarkdown(run));
}

/** The groups with the cases that the words ask for; without words all. */
function chooseGroups(): Group[] {
  const starts = words.flatMap((word) => word.split('/'));
  const matches = (id: string) => starts.every((start) => id.split('/').some((part) => part.startsWith(start)));
  const chosen = groups
    .filter(({ id, isOnRequest }) => isOnRequest !== true || starts.some((start) => id.startsWith(start)))
    .map((group) => ({ ...group, cases: group.cases.filter(({ label }) => matches(`${group.id}/${label}`)) }))
    .filter(({ cases }) => cases.length > 0);
  if (chosen.length === 0) throw new Error(`no case is called "${words.join(' ')}"`);
  return chosen;
}

function makePlan(): Plan {
  const plan = options.quick ? QUICK : FULL;
  const rounds = options.rounds === undefined ? plan.rounds : Number(options.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds is a whole number from 1, not ${options.rounds}`);
  return { ...plan, rounds, rest: () => setImmediate() };
}

/** On a terminal, a line that is written over by the next. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
