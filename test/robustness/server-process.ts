// A server under test in a process of its own, and the questions that it is asked over IPC.

import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds for an answer: far more than a busy machine needs. */
const PATIENCE = 60_000;

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #number = 0;
  #stderr = '';
  #exit: string | undefined;
  #isStopping = false;

  /**
   * @param file the compiled module to run
   * @param addressSpace kilobytes that the process may map, as `ulimit -v` counts them
   */
  constructor(
    file: string,
    args: readonly string[],
    execArgv: readonly string[] = ['--expose-gc'],
    addressSpace?: number | undefined,
  ) {
    const limited = {
      execPath: '/bin/sh',
      execArgv: ['-c', `ulimit -v ${addressSpace}; exec "$0" "$@"`, process.execPath, ...execArgv],
    };
    this.#child = fork(file, args, {
      ...(addressSpace === undefined ? { execArgv: [...execArgv] } : limited),
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      // Options such as NaN and Infinity arrive as they are.
      serialization: 'advanced',
    });
    this.#child.stderr!.on('data', (text) => {
      this.#stderr += text;
    });
    this.#child.on('message', ({ number, value }: { number: number; value: unknown }) => {
      this.#waiting.get(number)?.(value);
      this.#waiting.delete(number);
    });
    this.#child.on('exit', (code, signal) => {
      this.#exit = `the server process ended by itself: code ${code}, signal ${signal}\n${this.#stderr}`;
      for (const resolve of this.#waiting.values()) resolve(undefined);
    });
  }

  /** Why the process has ended, if it was not asked to. */
  get unexpectedExit(): string | undefined {
    return this.#isStopping ? undefined : this.#exit;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** @returns the answer; undefined if the process has ended or does not answer in time */
  async ask<Answer>(question: unknown): Promise<Answer | undefined> {
    if (this.#exit !== undefined) return undefined;
    const number = this.#number++;
    const answered = new Promise<unknown>((resolve) => {
      this.#waiting.set(number, resolve);
      this.#child.send({ number, question });
    });
    const timer = new AbortController();
    const late = sleep(PATIENCE, undefined, { signal: timer.signal }).catch(() => undefined);
    const value = await Promise.race([answered, late]);
    timer.abort();
    return value as Answer | undefined;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#exit !== undefined) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
