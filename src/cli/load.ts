// `wsimd load`: the load generator. It reads options and prints figures; the run itself is in load/.

import { count } from '../page/frames/words.js';
import { CLIENT_HELP, CLIENT_OPTIONS, readClientOptions } from './client/client-options.js';
import { type Command, parseDuration, parseInteger, parseOptions, UsageError } from './command.js';
import { Interruption } from './interruption.js';
import type { Figures, Progress } from './load/load-run.js';
import { runLoad } from './load/load-run.js';
import { printable, printableJson, type Style, styleFor } from './terminal.js';

const MAX_CONNECTIONS = 100_000;
const MAX_SIZE = 1024 * 1024 * 1024;
const MAX_IN_FLIGHT = 65_536;
const MAX_DURATION = 24 * 60 * 60;
const MAX_RATE = 100_000_000;
/** Characters of the longest bar of the histogram. */
const BAR_LENGTH = 40;

export const command: Command = {
  help: `wsimd load: how many messages a second an echo server sends back, and how fast

Usage: wsimd load [options] URL

Options:
  --connections N       default 1
  --in-flight N         messages that a connection sends ahead; default 1
  --size BYTES          of a message; default 64
  --text, --binary      what they are; default binary
  --duration DURATION   10, 10s, 1.5m; default 10 seconds
  --rate N              messages a second, of all connections together; default:
                        as many as come back
  --check               compare each answer's bytes, and not only its length
  --json                the figures as one object, latencies in milliseconds
${CLIENT_HELP}
With --rate, a latency begins when its message was due, though it could not be
sent before others had come back. Ctrl-C ends the run early, with the figures
so far.

Exit code: 0; 1 if there were errors, or nothing came back; 2 for wrong usage.
`,

  async run(args) {
    const { values, positionals } = parseOptions(args, {
      allowPositionals: true,
      options: {
        ...CLIENT_OPTIONS,
        connections: { type: 'string', default: '1' },
        'in-flight': { type: 'string', default: '1' },
        size: { type: 'string', default: '64' },
        text: { type: 'boolean', default: false },
        binary: { type: 'boolean', default: false },
        duration: { type: 'string', default: '10' },
        rate: { type: 'string' },
        check: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    if (values.text && values.binary) throw new UsageError('--text or --binary, not both');
    const size = parseInteger('--size', values.size, 0, MAX_SIZE);
    const connections = parseInteger('--connections', values.connections, 1, MAX_CONNECTIONS);
    const style = styleFor(process.stdout);
    const options = {
      client: readClientOptions(positionals, values),
      connections,
      duration: parseSeconds(values.duration),
      rate: values.rate === undefined ? undefined : parseInteger('--rate', values.rate, 1, MAX_RATE),
      load: {
        isText: values.text,
        payload: makePayload(size, values.text),
        inFlight: parseInteger('--in-flight', values['in-flight'], 1, MAX_IN_FLIGHT),
        check: values.check,
      },
    };
    const progress = new ProgressLine(connections);
    const interruption = new Interruption();
    const figures = await runLoad({
      ...options,
      signal: interruption.signal,
      onProgress: (now: Progress) => progress.show(now),
    });
    interruption.off();
    progress.clear();
    process.stdout.write(values.json ? `${printableJson(figures)}\n` : describe(figures, style));
    return figures.messages > 0 && Object.keys(figures.errors).length === 0 ? 0 : 1;
  },
};

function parseSeconds(text: string): number {
  const seconds = parseDuration('--duration', text) / 1000;
  if (seconds <= 0 || seconds > MAX_DURATION) {
    throw new UsageError(`--duration is more than 0 and at most ${MAX_DURATION} seconds, not "${text}"`);
  }
  return seconds;
}

/** Letters for a text; for binary every byte there is. */
function makePayload(size: number, isText: boolean): Uint8Array {
  const payload = new Uint8Array(size);
  for (let i = 0; i < size; i++) payload[i] = isText ? 97 + (i % 26) : (i * 167) & 0xff;
  return payload;
}

/** One line on the terminal that is written over. Not on a terminal, nothing. */
class ProgressLine {
  readonly #asked: number;
  readonly #isShown = process.stderr.isTTY === true;

  constructor(asked: number) {
    this.#asked = asked;
    if (this.#isShown) process.stderr.write(`opening ${count(asked, 'connection')} …`);
  }

  show({ open, seconds, messages, elapsed }: Progress): void {
    if (!this.#isShown) return;
    const rate = elapsed === 0 ? 'sending …' : `${rounded(messages / elapsed)} messages/s`;
    process.stderr.write(`\r\x1b[K${seconds.toFixed(0)} s  ${open} of ${this.#asked} open  ${rate}`);
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K');
  }
}

function describe(figures: Figures, style: Style): string {
  const { connections, seconds, messages, messagesPerSecond, megabytesPerSecond, latency, errors, cpu } = figures;
  const gone = connections.opened - connections.open;
  const problems = Object.entries(errors).map(([kind, times]) => {
    const reason = figures.reasons[kind] ?? kind;
    const text = reason.startsWith(kind) ? reason : `${kind}: ${reason}`;
    return style.red(`error        ${times} × ${printable(text)}`);
  });
  const opened = `connections  ${connections.opened} of ${connections.asked} opened${gone === 0 ? '' : `, ${gone} lost`}`;
  // Without messages, figures would be a table of zeros.
  if (messages === 0) return `${[opened, 'messages     none came back', ...problems].join('\n')}\n`;
  const lines = [
    opened,
    `messages     ${rounded(messages)} came back in ${seconds.toFixed(2)} s${figures.wasInterrupted ? ', interrupted' : ''}`,
    style.bold(`rate         ${rounded(messagesPerSecond)} messages/s, ${megabytesPerSecond.toFixed(2)} MB/s each way`),
    `latency      ${Object.entries(latency)
      .map(([name, value]) => `${name} ${milliseconds(value)}`)
      .join('  ')}  (ms)`,
    ...histogramLines(figures),
    `generator    ${(100 * cpu).toFixed(0)} % of one core`,
    ...problems,
  ];
  return `${lines.join('\n')}\n`;
}

/** A bar for each power of two; shares too small for a character keep their number. */
function histogramLines({ histogram, messages }: Figures): string[] {
  const most = Math.max(...histogram.map((bucket) => bucket.messages));
  return histogram.map((bucket) => {
    const bar = '█'.repeat(Math.round((BAR_LENGTH * bucket.messages) / most));
    const share = ((100 * bucket.messages) / messages).toFixed(2);
    return `${`≤ ${milliseconds(bucket.upTo)} ms`.padStart(22)} ${share.padStart(6)} % ${bar}`.trimEnd();
  });
}

function rounded(number: number): string {
  return Math.round(number).toLocaleString('en');
}

/** Three digits that count. */
function milliseconds(value: number): string {
  return value === 0 || value >= 100
    ? value.toFixed(0)
    : value.toFixed(2 - Math.floor(Math.log10(Math.max(value, 0.001))));
}
