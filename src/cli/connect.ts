// `wsimd connect`: talks to a server by hand, or from a script. It puts a console and a session together.

import { ProtocolError } from '../index.js';
import { rethrowUnless } from '../protocol/rethrow-unless.js';
import { CLIENT_HELP, CLIENT_OPTIONS, readClientOptions } from './client/client-options.js';
import { type Dialled, dial } from './client/dial.js';
import { dialErrorText } from './client/dial-errors.js';
import { type Command, CommandError, parseDuration, parseOptions } from './command.js';
import { Console } from './connect/console.js';
import { INPUT_HELP, InputError, parseInput } from './connect/input-line.js';
import { Session } from './connect/session.js';
import { Interruption } from './interruption.js';
import { withoutPassword } from './terminal.js';

/** Milliseconds in which an answer to --send may come. */
const SEND_WAIT = 1000;

export const command: Command = {
  help: `wsimd connect: sends what is typed, shows what comes

Usage: wsimd connect [options] URL

Options:
  --binary              lines are binary messages, the bytes of their UTF-8
  --hex                 show messages in hex; with --binary, lines are hex too
  --send LINE           send this line instead of those of the input; may be given
                        several times
  --wait DURATION       close this long after the last line: 250ms, 1.5s, 2m.
                        Default: with --send 1s, else never
${CLIENT_HELP}
Lines:
${INPUT_HELP}
Ctrl-C and Ctrl-D close the connection; Ctrl-C twice ends at once.

Where the input or the output is not a terminal, messages and nothing else go to
the standard output, a line each (binary ones in hex), and all the rest to the
standard error. The end of the input does not close the connection: end it with
/close, or leave that to the server.

  printf 'hello\\n/close\\n' | wsimd connect ws://localhost:8080/echo

To send one message and see what comes back:

  wsimd connect --send hello --wait 1s ws://localhost:8080/echo

A terminal shows control characters and bidi marks from the server as escapes,
such as \\u{1b}. A pipe or a file gets texts unchanged.

Exit code: 0 if both ends closed the connection properly; 1 if not, or if the
server closed it for an error (1002, 1003, 1007 to 1011); 2 for wrong usage.
`,

  async run(args) {
    const { values, positionals } = parseOptions(args, {
      allowPositionals: true,
      options: {
        ...CLIENT_OPTIONS,
        binary: { type: 'boolean', default: false },
        hex: { type: 'boolean', default: false },
        send: { type: 'string', multiple: true },
        wait: { type: 'string' },
      },
    });
    const client = readClientOptions(positionals, values);
    const given = values.send;
    const wait =
      values.wait === undefined ? (given === undefined ? undefined : SEND_WAIT) : parseDuration('--wait', values.wait);
    const terminal = new Console(values.hex, given === undefined);
    const interruption = new Interruption();
    let dialled: Dialled;
    try {
      dialled = await dial({ ...client, signal: interruption.signal });
    } catch (error) {
      terminal.stop();
      throw new CommandError(
        `cannot connect to ${withoutPassword(String(client.request.url))}: ${dialErrorText(error)}`,
      );
    }
    const { protocol } = dialled.response;
    terminal.note(`connected${protocol === undefined ? '' : `, subprotocol ${protocol}`}`);
    // What came with the handshake is shown at once.
    const session = startSession(dialled, terminal);
    const close = () => {
      if (session.isOpen) session.close();
      else session.destroy();
    };
    interruption.signal.addEventListener('abort', close);
    const lines = values.binary ? (values.hex ? 'hex' : 'binary') : 'text';
    let wasMistaken = false;
    let waitTimer: NodeJS.Timeout | undefined;
    const takeLine = (line: string) => {
      if (!take(line, lines, session, terminal)) wasMistaken = true;
    };
    const end = () => {
      if (terminal.isTerminal && session.isOpen) session.close();
      else if (wait !== undefined) waitTimer = setTimeout(() => session.isOpen && session.close(), wait);
    };
    if (given === undefined) {
      const takeTyped = (line: string) => {
        takeLine(line);
        if (session.isFull(() => terminal.resume())) terminal.pause();
      };
      terminal.start(takeTyped, end, close);
    } else {
      for (const line of given) takeLine(line);
      end();
    }
    const isClean = await session.closed;
    clearTimeout(waitTimer);
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
