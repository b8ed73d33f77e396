// What the page is told in its address, and where it sends what came out. Shared with the script that serves it.

/** Where the result, or a failure, is posted to, if it is wanted. */
export const RESULT_PATH = '/result';
/** The versions that only the server of the page knows. */
export const VERSIONS_PATH = '/versions.json';

export interface RunSpec {
  readonly rounds: number;
  readonly warmupRounds: number;
  readonly turn: number;
  /** Only cases in whose name every word begins a part. */
  readonly words: readonly string[];
  /** Post the result to the server of the page. */
  readonly isPosted: boolean;
  /** Begin at once, without a press of the button. */
  readonly isStarted: boolean;
}

/** What is posted in place of a result. */
export interface Failure {
  readonly error: string;
}

const DEFAULTS = { rounds: 15, warmupRounds: 4, turn: 8 };

export function writeSpec({ rounds, warmupRounds, turn, words, isPosted, isStarted }: RunSpec): string {
  const query = new URLSearchParams({
    rounds: String(rounds),
    warmup: String(warmupRounds),
    turn: String(turn),
    ...(words.length > 0 ? { words: words.join(' ') } : {}),
    ...(isPosted ? { post: '' } : {}),
    ...(isStarted ? { start: '' } : {}),
  });
  return `?${query}`;
}

export function readSpec(search: string): RunSpec {
  const query = new URLSearchParams(search);
  const read = (name: string, byDefault: number) => {
    const value = Number(query.get(name) ?? byDefault);
    return Number.isInteger(value) && value >= 0 && value <= 1000 ? value : byDefault;
  };
  return {
    rounds: Math.max(1, read('rounds', DEFAULTS.rounds)),
    warmupRounds: read('warmup', DEFAULTS.warmupRounds),
    turn: Math.max(1, read('turn', DEFAULTS.turn)),
    words: (query.get('words') ?? '').split(/[\s/]+/).filter((word) => word !== ''),
    isPosted: query.has('post'),
    isStarted: query.has('start'),
  };
}
