#!/usr/bin/env node
// The program `wsimd`: finds the command, runs it, turns errors into exit codes (2: the command line makes no sense).
// It knows the commands by name only; each is loaded when it is asked for.

import { readFileSync } from 'node:fs';
import { rethrowUnless } from '../protocol/rethrow-unless.js';
import { type Command, CommandError, noSuch, UsageError } from './command.js';
import { printable } from './terminal.js';

interface Entry {
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

const COMMANDS: ReadonlyMap<string, Entry> = new Map([
  ['serve', { summary: 'an echo server, with a page that takes its frames apart', load: () => import('./serve.js') }],
  ['connect', { summary: 'a client to talk to a server by hand', load: () => import('./connect.js') }],
  ['proxy', { summary: 'a relay to any server that shows every frame', load: () => import('./proxy.js') }],
  ['inspect', { summary: 'the frames of a captured connection', load: () => import('./inspect.js') }],
  ['load', { summary: 'a load generator for echo servers', load: () => import('./load.js') }],
]);

function help(): string {
  const commands = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`);
  return [
    'wsimd: a WebSocket codec',
    '',
    'Usage: wsimd <command> [options]',
    '',
    'Commands:',
    ...commands,
    '',
    'Options:',
    '  --help, -h      this text, or that of a command: wsimd <command> --help',
    '  --version, -v   the version',
    '',
    'Exit code: 0; 1 if something went wrong; 2 for wrong usage.',
    '',
  ].join('\n');
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { version?: unknown }).version);
}

/** The command that was found: of one whose options make no sense, its own help is the one to read. */
let asked: string | undefined;

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    const [about] = args;
    // `wsimd help inspect` is `wsimd inspect --help`.
    if (about !== undefined) return main([about, '--help']);
    process.stdout.write(help());
    return 0;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (name === undefined) throw new UsageError(`which command? There are ${[...COMMANDS.keys()].join(', ')}`);
  const entry = COMMANDS.get(name);
  if (entry === undefined) {
    throw new UsageError(
      name.startsWith('-')
        ? noSuch('option', name, ['--help', '--version'])
        : noSuch('command', name, [...COMMANDS.keys()]),
    );
  }
  const { command } = await entry.load();
  asked = name;
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(command.help);
    return 0;
  }
  return command.run(args);
}

/** What a program ends with that SIGPIPE has ended; Node ignores the signal. */
const BROKEN_PIPE = 141;

// `wsimd … | head`: the reader has enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(BROKEN_PIPE);
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  rethrowUnless(error, CommandError);
  // It may quote what a server answered.
  process.stderr.write(`wsimd: ${printable(error.message)}\n`);
  if (error instanceof UsageError) process.stderr.write(`Try: wsimd ${asked === undefined ? '' : `${asked} `}--help\n`);
  process.exitCode = error.exitCode;
}
