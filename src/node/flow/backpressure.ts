// Whether a connection takes a message: the one place where `maxBackpressure` is compared.

import type { Link } from '../socket/link.js';
import { OPEN } from '../websocket/websocket-events.js';

/** Whether a message that is sent now is neither refused nor dropped. */
export function takesMessages(link: Link | undefined): boolean {
  if (link?.readyState !== OPEN) return false;
  const { maxBackpressure } = link.config;
  // The length is that of several queues.
  const { outgoing } = link;
  if (maxBackpressure === Number.POSITIVE_INFINITY || outgoing.length <= maxBackpressure) return true;
  // What is gathered for the end of the turn waits for no peer: the system may take it.
  outgoing.flushUnlessCorked();
  return outgoing.length <= maxBackpressure;
}
