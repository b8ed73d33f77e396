// Lines in, lines out. On a terminal: a prompt that stays below what comes, colour, everything in one place. Otherwise the
// messages, and nothing else, on the standard output; the rest on the standard error. Text that the peer controls is escaped
// wherever a terminal may show it; a pipe or a file gets messages as they are. It knows no connection.

import { createInterface, type Interface } from 'node:readline';
import { CLOSE_NO_STATUS } from '../../index.js';
import { formatHex } from '../../page/bytes.js';
import { closeCodeWords, count } from '../../page/frames/words.js';
import { hexOf, printable, printableLines, quoted, type Style, styleFor } from '../terminal.js';

const PROMPT = '> ';
/** Bytes of a binary message that a terminal shows. */
const MAX_SHOWN = 4096;
/** Before each further line of a message, so that none of them looks like a line of ours. */
const INDENT = '  ';

export class Console {
  /** Somebody types, and sees at once what comes. */
  readonly isTerminal: boolean;
  /** A terminal shows the messages, whether or not lines come from one. */
  readonly #isShown = process.stdout.isTTY === true;
  readonly #style: Style;
  /**
   * From `start` to the end of the input: before, Ctrl-C is a signal. From Node 24 on, a closed interface throws at `prompt`, `pause` and
   * `resume`.
   */
  #lines: Interface | undefined;
  readonly #isHex: boolean;
  #isPrompting = false;

  /**
   * @param isHex show messages in hex
   * @param readsInput lines come from the standard input, which may be a terminal
   */
  constructor(isHex: boolean, readsInput: boolean) {
    this.#isHex = isHex;
    this.isTerminal = readsInput && process.stdin.isTTY === true && this.#isShown;
    this.#style = styleFor(this.isTerminal ? process.stdout : process.stderr);
  }

  /** @param onEnd no more lines will come: the end of the input, Ctrl-D */
  start(onLine: (line: string) => void, onEnd: () => void, onInterrupt: () => void): void {
    const lines = createInterface({
      input: process.stdin,
      ...(this.isTerminal ? { output: process.stdout, prompt: PROMPT } : { terminal: false }),
    });
    lines.on('line', (line) => {
      onLine(line);
      this.#prompt();
    });
    lines.on('close', () => {
      this.#detach();
      onEnd();
    });
    // On a terminal, readline takes the keys; else it is a signal.
    lines.on('SIGINT', onInterrupt);
    this.#lines = lines;
    this.#isPrompting = this.isTerminal;
    this.#prompt();
  }

  stop(): void {
    this.#lines?.removeAllListeners('close').close();
    this.#detach();
    // The program that writes to our standard input may go on.
    process.stdin.destroy();
  }

  /** No more lines come. Further output begins where the prompt was. */
  #detach(): void {
    this.#lines = undefined;
    this.#isPrompting = false;
    if (this.isTerminal) process.stdout.write('\r\x1b[K');
  }

  pause(): void {
    this.#lines?.pause();
  }

  resume(): void {
    this.#lines?.resume();
  }

  /** A message of the peer's. @returns false if the output is read more slowly than messages arrive */
  message(data: string | Uint8Array): boolean {
    const isText = typeof data === 'string';
    const bytes = isText ? Buffer.from(data) : data;
    if (!this.isTerminal) {
      if (!isText || this.#isHex) return process.stdout.write(`${hexOf(bytes)}\n`);
      return process.stdout.write(`${this.#isShown ? printableLines(data, INDENT) : data}\n`);
    }
    const shown = bytes.subarray(0, MAX_SHOWN);
    const hex = `${formatHex(shown)}${shown.length < bytes.length ? ' …' : ''}`;
    const kind = this.#style.dim(`(${isText ? 'text' : 'binary'}, ${count(bytes.length, 'byte')}) `);
    const text = isText && !this.#isHex ? printableLines(data, INDENT) : `${kind}${hex}`;
    return this.#above(`${this.#style.cyan('<')} ${text}`);
  }

  control(name: 'ping' | 'pong', payload: Uint8Array): void {
    const isPrintable = payload.every((byte) => byte >= 0x20 && byte < 0x7f);
    const text = isPrintable && !this.#isHex ? quoted(Buffer.from(payload).toString('latin1')) : formatHex(payload);
    this.#aside(`${this.#style.cyan('<')} ${this.#style.dim(`${name}${payload.length === 0 ? '' : ` ${text}`}`)}`);
  }

  close(closeCode: number, reason: string): void {
    const words = closeCode === CLOSE_NO_STATUS ? 'without a code' : `${closeCode} (${closeCodeWords(closeCode)})`;
    const text = `close ${words}${reason === '' ? '' : ` ${quoted(reason)}`}`;
    this.#aside(`${this.#style.cyan('<')} ${this.#style.dim(text)}`);
  }

  /** Something about the connection. */
  note(text: string): void {
    this.#aside(this.#style.dim(printable(text)));
  }

  /** Text of our own, as it is. */
  show(text: string): void {
    this.#aside(text.trimEnd());
  }

  error(text: string): void {
    this.#aside(this.#style.red(`wsimd: ${printable(text)}`));
  }

  #aside(line: string): void {
    if (this.isTerminal) this.#above(line);
    else process.stderr.write(`${line}\n`);
  }

  /** Above the prompt and what has been typed behind it. */
  #above(text: string): boolean {
    const written = process.stdout.write(this.#isPrompting ? `\r\x1b[K${text}\n` : `${text}\n`);
    this.#prompt();
    return written;
  }

  #prompt(): void {
    if (this.#isPrompting) this.#lines?.prompt(true);
  }
}
