// The closing handshake (RFC 6455 section 7) as a table: the states, and the events that lead from one to another. The connection
// decides what is written and when the transport ends.

/**
 * - `open`: neither side has closed.
 * - `closing`: we have sent or queued a Close frame, and wait for the peer's.
 * - `answering`, `failing`: the peer's Close frame, or its broken rule, is still to be answered with ours.
 * - `finishing`, `breaking`: the same, with our Close frame queued behind a message that is leaving in slices.
 * - `closed`: both sides have sent a Close frame.
 * - `failed`: a rule was broken, and we have sent a Close frame that says so.
 * - `lost`: the transport ended first.
 */
export type ClosingState =
  | 'open'
  | 'closing'
  | 'answering'
  | 'failing'
  | 'finishing'
  | 'breaking'
  | 'closed'
  | 'failed'
  | 'lost';

/**
 * - `close`: we begin the handshake.
 * - `peerClose`: the peer's Close frame has come.
 * - `error`: the peer has broken a rule.
 * - `answer`: we have queued the last Close frame.
 * - `sent`: nothing is queued before it any more.
 * - `fail`: we end the connection for a rule of the caller's.
 * - `end`: the transport has ended.
 */
export type ClosingEvent = 'close' | 'peerClose' | 'error' | 'answer' | 'sent' | 'fail' | 'end';

/** An event that a state has no entry for changes nothing. */
const TRANSITIONS: Readonly<Record<ClosingState, Readonly<Partial<Record<ClosingEvent, ClosingState>>>>> = {
  open: { close: 'closing', peerClose: 'answering', error: 'failing', fail: 'failed', end: 'lost' },
  closing: { peerClose: 'finishing', error: 'breaking', fail: 'failed', end: 'lost' },
  // Our own Close frame, if it is queued already, serves as the answer.
  answering: { close: 'finishing', answer: 'finishing', fail: 'failed', end: 'closed' },
  failing: { close: 'breaking', answer: 'breaking', fail: 'failed', end: 'failed' },
  finishing: { sent: 'closed', fail: 'failed', end: 'closed' },
  breaking: { sent: 'failed', fail: 'failed', end: 'failed' },
  closed: {},
  failed: {},
  // What arrived before the end may be delivered late.
  lost: { peerClose: 'closed' },
};

export class ClosingHandshake {
  #state: ClosingState = 'open';

  get state(): ClosingState {
    return this.#state;
  }

  /** @returns whether the event has led to another state */
  apply(event: ClosingEvent): boolean {
    const next = TRANSITIONS[this.#state][event];
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }

  /** Messages can be sent: what the caller has queued leaves before the Close frame that answers the peer's. */
  get isOpen(): boolean {
    const state = this.#state;
    return state === 'open' || state === 'answering' || state === 'failing';
  }

  /** Nothing is sent or received any more. */
  get isOver(): boolean {
    const state = this.#state;
    return state === 'closed' || state === 'failed' || state === 'lost';
  }

  /** The peer has sent a Close frame, and we have or will: neither is missing. */
  get isClean(): boolean {
    const state = this.#state;
    return state === 'closed' || state === 'finishing' || state === 'answering';
  }
}
