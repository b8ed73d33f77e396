// What `npm run bench -- life` is asked to do.

import { parseArgs } from 'node:util';
import { SUBJECTS, type SubjectName } from '../../subjects/subjects.js';
import { parseRuntimeList, type RuntimeId } from '../runtimes.js';
import type { Pace } from './measure.js';

export const LIFE_HELP = `npm run bench -- life [word …] [options]

Servers and clients end to end, each in a process of its own, beside ws, Bun, Deno and a bare socket. Only cases in whose name
every word begins a part, as in "echo 64" or "tls".

  --runtime NAME    what wsimd and ws run in: node20, node22, node24, node26 (default). Installed where it is missing
  --subject NAME    only this subject; may be given more than once
  --headline        only the ten cases that are shown first
  --rounds N        turns of each subject that count (default 3); in each of three processes in the
                    headline cases
  --window MS       milliseconds that a turn counts (default 300)
  --brief           one short turn: whether everything works, not how fast
  --long            15 rounds of a second: takes hours
  --json FILE       write the run there (default build/bench-results/life-node-26.json)
  --compare FILE    fail where a ratio is below that of this run by more than the noise of both
  --baseline DIR    beside another build of wsimd, such as a worktree after npm run build: the headline cases, wsimd against
                    wsimd. Fails where this one is clearly slower
  --bars FILE       every target with the ratio of a stored run, furthest from its target first
  --docs            write the chapter of docs/background/benchmarks.md and its chart from bench/results/life-*.json
  --list            the names of the cases
  --help            this`;

export interface LifeOptions {
  readonly words: readonly string[];
  readonly runtime: RuntimeId;
  readonly subjects: readonly SubjectName[] | undefined;
  readonly isHeadlineOnly: boolean;
  readonly pace: Pace;
  readonly json: string | undefined;
  readonly compare: string | undefined;
  readonly baseline: string | undefined;
  readonly bars: string | undefined;
  readonly isDocs: boolean;
  readonly isList: boolean;
  readonly isHelp: boolean;
}

const PACES = {
  normal: { rounds: 3, headlineTimes: 3, window: 300, warmup: 500, settle: 100 },
  brief: { rounds: 1, headlineTimes: 1, window: 150, warmup: 100, settle: 50 },
  long: { rounds: 15, headlineTimes: 1, window: 1_000, warmup: 2_000, settle: 300 },
} as const;

/** @throws TypeError for an unknown option, RangeError for a value out of range */
export function readLifeOptions(args: readonly string[]): LifeOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runtime: { type: 'string', default: 'node26' },
      subject: { type: 'string', multiple: true },
      headline: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      window: { type: 'string' },
      brief: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      json: { type: 'string' },
      compare: { type: 'string' },
      baseline: { type: 'string' },
      bars: { type: 'string' },
      docs: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.brief && values.long) throw new RangeError('--brief and --long are two paces: choose one');
  const [runtime, ...others] = parseRuntimeList(values.runtime);
  if (runtime === undefined || others.length > 0 || !runtime.startsWith('node'))
    throw new RangeError(`--runtime is one version of Node, not ${values.runtime}`);
  const base = PACES[values.brief ? 'brief' : values.long ? 'long' : 'normal'];
  return {
    words: positionals.flatMap((word) => word.split(/[\s/]+/)).filter((word) => word !== ''),
    runtime,
    subjects: values.subject?.map(toSubject),
    isHeadlineOnly: values.headline || values.baseline !== undefined,
    pace: {
      ...base,
      rounds: toCount('--rounds', values.rounds, base.rounds),
      window: toCount('--window', values.window, base.window),
    },
    json: values.json,
    compare: values.compare,
    baseline: values.baseline,
    bars: values.bars,
    isDocs: values.docs,
    isList: values.list,
    isHelp: values.help,
  };
}

function toSubject(name: string): SubjectName {
  const known = Object.values(SUBJECTS).find((subject) => subject.name.toLowerCase() === name.toLowerCase());
  if (known === undefined) throw new RangeError(`--subject is one of ${Object.keys(SUBJECTS).join(', ')}, not ${name}`);
  return known.name;
}

function toCount(option: string, text: string | undefined, otherwise: number): number {
  const count = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`${option} is a whole number from 1 on, not ${text}`);
  return count;
}
