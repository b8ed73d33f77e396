// `wsimd connect`: talks to a server by hand, or from a script. It puts a console and a session together.

import { ProtocolError } from '../index.js';
import { rethrowUnless } from '../protocol/rethrow-unless.js';
import { CLIENT_HELP, CLIENT_OPTIONS, readClientOptions } from './client/client-options.js';
import { type Dialled, dial, errorKind, errorText } from './client/dial.js';
import { type Command, CommandError, parseOptions } from './command.js';
import { Console } from './connect/console.js';
import { INPUT_HELP, InputError, parseInput } from './connect/input-line.js';
import { Session } from './connect/session.js';

export const command: Command = {
  help: `wsimd connect: sends what is typed, shows what comes

Usage: wsimd connect [options] URL

Options:
  --binary              lines are binary messages, the bytes of their UTF-8
  --hex                 show messages in hex; with --binary, lines are hex too
${CLIENT_HELP}
Lines:
${INPUT_HELP}
Ctrl-C and Ctrl-D close the connection; Ctrl-C twice ends at once.

Where the input or the output is not a terminal, messages and nothing else go to
the standard output, a line each (binary ones in hex), and all the rest to the
standard error. The end of the input does not close the connection: end it with
/close, or leave that to the server.

  printf 'hello\\n/close\\n' | wsimd connect ws://localhost:8080/echo

A terminal shows control characters and bidi marks from the server as escapes,
such as \\u{1b}. A pipe or a file gets texts unchanged.

Exit code: 0 where both ends closed the connection as they should, else 1.
`,

  async run(args) {
    const { values, positionals } = parseOptions(args, {
      allowPositionals: true,
      options: {
        ...CLIENT_OPTIONS,
        binary: { type: 'boolean', default: false },
        hex: { type: 'boolean', default: false },
      },
    });
    const client = readClientOptions(positionals, values);
    const terminal = new Console(values.hex);
    const interruption = new Interruption();
    let dialled: Dialled;
    try {
      dialled = await dial({ ...client, signal: interruption.signal });
    } catch (error) {
      terminal.stop();
      throw new CommandError(`cannot connect to ${String(client.request.url)}: ${describe(error)}`);
    }
    const { protocol } = dialled.response;
    terminal.note(`connected${protocol === undefined ? '' : `, subprotocol ${protocol}`}`);
    // What came with the handshake is shown at once.
    const session = startSession(dialled, terminal);
    const close = () => {
      if (session.isOpen) session.close();
      else session.destroy();
    };
    interruption.on(close);
    const lines = values.binary ? (values.hex ? 'hex' : 'binary') : 'text';
    let wasMistaken = false;
    terminal.start(
      (line) => {
        if (!take(line, lines, session, terminal)) wasMistaken = true;
        if (session.isFull(() => terminal.resume())) terminal.pause();
      },
      () => {
        if (terminal.isTerminal && session.isOpen) session.close();
      },
      close,
    );
    const isClean = await session.closed;
    interruption.off();
    terminal.stop();
    // A script's mistake is one that nobody has seen.
    return isClean && (terminal.isTerminal || !wasMistaken) ? 0 : 1;
  },
};

function startSession(dialled: Dialled, terminal: Console): Session {
  let isPaused = false;
  const resume = () => {
    isPaused = false;
    session.resume();
  };
  const session: Session = new Session(dialled, {
    message: (data) => {
      if (terminal.message(data) || isPaused) return;
      isPaused = true;
      session.pause();
      process.stdout.once('drain', resume);
    },
    control: (name, payload) => terminal.control(name, payload),
    close: (closeCode, reason) => terminal.close(closeCode, reason),
    failure: (text) => terminal.error(text),
  });
  return session;
}

/** Does what a line asks for. @returns false where that cannot be done */
function take(line: string, lines: 'text' | 'binary' | 'hex', session: Session, terminal: Console): boolean {
  try {
    const input = parseInput(line, lines);
    if (input.type === 'help') terminal.show(INPUT_HELP);
    else session.send(input);
    return true;
  } catch (error) {
    rethrowUnless(error, InputError, ProtocolError);
    terminal.error(error.message);
    return false;
  }
}

function describe(error: unknown): string {
  const [kind, text] = [errorKind(error), errorText(error)];
  return text.includes(kind) || kind.startsWith('WSIMD_') ? text : `${text} (${kind})`;
}

/** Signals: the first one is for `signal` and the listener, a second one ends the process as usual. */
class Interruption {
  readonly #controller = new AbortController();
  #listener = () => {};
  readonly #interrupt = () => {
    this.off();
    this.#controller.abort();
    this.#listener();
  };

  constructor() {
    process.on('SIGINT', this.#interrupt);
    process.on('SIGTERM', this.#interrupt);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  on(listener: () => void): void {
    this.#listener = listener;
  }

  off(): void {
    process.off('SIGINT', this.#interrupt);
    process.off('SIGTERM', this.#interrupt);
  }
}
