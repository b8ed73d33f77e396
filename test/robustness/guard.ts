// Runs inside a process under test: records every exception and rejection that nobody handles, and answers questions from the
// parent process.

/** An error that a script throws in a listener on purpose. Everything else that goes unhandled is a fault. */
export class DeliberateError extends Error {
  override readonly name = 'DeliberateError';
}

export interface Guard {
  /** Stacks of what nobody handled, in the order in which it happened. */
  readonly faults: string[];
  /** How many deliberate errors arrived here. */
  deliberate: number;
}

/** Installs the listeners; the process then survives its faults, so that one run can find several. */
export function guardProcess(): Guard {
  const guard: Guard = { faults: [], deliberate: 0 };
  process.on('uncaughtException', (error, origin) => {
    if (error instanceof DeliberateError) guard.deliberate++;
    else guard.faults.push(`${origin}: ${error instanceof Error ? error.stack : String(error)}`);
  });
  // An unhandled rejection without a listener of its own becomes an uncaught exception with that origin.
  return guard;
}

/** A question from the parent, and its number. */
export interface Question {
  readonly number: number;
  readonly question: unknown;
}

/** Answers the parent's questions until it disconnects; then this process ends too. */
export function answerQuestions(answer: (question: never) => unknown): void {
  process.on('message', ({ number, question }: Question) => {
    void Promise.resolve(answer(question as never)).then((value) => process.send!({ number, value }));
  });
  process.on('disconnect', () => process.exit());
}

/** Sockets that keep this process alive: leaked, where no client is connected. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'TLSWrap').length;
}
