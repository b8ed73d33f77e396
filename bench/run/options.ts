// What `npm run bench` is asked to do. It must not know how that is done.

import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [word …] [options]
npm run bench -- life [word …] [options]     servers and clients end to end, beside their peers: see life --help
npm run bench -- topics [options]            what a publish to many costs: see topics --help
npm run bench -- proxy [options]             what \`wsimd proxy\` adds to a connection: see proxy --help

Only cases in whose name every word begins a part, as in "decode cursor 64".

What is measured:
  --filter WORDS   the same as words without it: "decode/cursor 64"; may be given more than once
  --subject NAME   only this subject; may be given more than once
  --brief          a third of the rounds: what --runtime gives all runtimes but this one
  --quick          few and short rounds: not to be quoted
  --rounds N       how many rounds count

Where:
  --runtime LIST   "all", or names with commas between: node20, node22, node24, node26, deno, bun. What is missing is
                   installed from npm into build/runtimes/
  --browser LIST   what runs in a browser too: "all", or some of chromium, firefox, webkit; page: serve the page and
                   say where

What comes of it:
  --json PATH      write everything: machine, versions, every sample. A folder gets a file for each runtime
  --markdown FILE  write the tables
  --report FILE    the report, one HTML file; default: build/bench-report.html
  --no-report      do without
  --compare OLD    what has become faster or slower since OLD, a JSON file or a folder of them

Without measuring:
  --report FILE --from PATH [FILE.json …]   draw the report of runs that are there: files or a folder
  --compare OLD NEW.json                    compare two
  --tables                                  docs/background/benchmarks.md and its drawings, from bench/results/

  --help           this`;

// A turn is long enough to meet some garbage collections, and a round so short that the machine is the same in all of it.
const FULL = { rounds: 31, warmupRounds: 8, turn: 10 };
const BRIEF = { rounds: 13, warmupRounds: 5, turn: 10 };
const QUICK = { rounds: 9, warmupRounds: 3, turn: 4 };

/** How long to measure; the names are those of the options. */
export type Pace = 'full' | 'brief' | 'quick';
const PLANS = { full: FULL, brief: BRIEF, quick: QUICK } as const;

export interface Options {
  readonly words: readonly string[];
  /** Arguments that are no words of a case's name but files. */
  readonly files: readonly string[];
  readonly plan: { readonly rounds: number; readonly warmupRounds: number; readonly turn: number };
  readonly pace: Pace;
  readonly subject?: readonly string[];
  readonly rounds?: string;
  readonly runtime?: string;
  readonly browser?: string;
  readonly json?: string;
  readonly markdown?: string;
  readonly report?: string;
  readonly hasReport: boolean;
  readonly from?: string;
  readonly compare?: string;
  readonly isTables: boolean;
  readonly isHelp: boolean;
}

/** @throws TypeError for an option that there is not, RangeError for a value that is none */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      filter: { type: 'string', multiple: true, default: [] },
      subject: { type: 'string', multiple: true },
      brief: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      runtime: { type: 'string' },
      browser: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      report: { type: 'string' },
      'no-report': { type: 'boolean', default: false },
      from: { type: 'string' },
      compare: { type: 'string' },
      tables: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { brief, quick, filter, tables, help, 'no-report': noReport, ...rest } = values;
  if (brief && quick) throw new RangeError('--brief and --quick are two paces: one of them');
  const pace = quick ? 'quick' : brief ? 'brief' : 'full';
  const base = PLANS[pace];
  const rounds = values.rounds === undefined ? base.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds is a whole number from 1, not ${values.rounds}`);
  const isFile = (word: string) => word.endsWith('.json');
  const where = values.runtime ?? values.browser ?? '';
  if ((where === 'all' || where.includes(',')) && isFile(values.json ?? ''))
    throw new RangeError(`--json must be a folder for the runs of several, not ${values.json}`);
  const words = [...positionals.filter((word) => !isFile(word)), ...filter];
  return {
    ...rest,
    words: words.flatMap((word) => word.split(/[\s/]+/)).filter((word) => word !== ''),
    files: positionals.filter(isFile),
    plan: { ...base, rounds },
    pace,
    hasReport: !noReport,
    isTables: tables,
    isHelp: help,
  };
}
