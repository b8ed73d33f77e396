// Whether a connection takes a message: the one place where `maxBackpressure` is compared.

import type { Link } from '../socket/link.js';
import { OPEN } from '../websocket/websocket-events.js';

/** Whether a message that is sent now is neither refused nor dropped. */
export function takesMessages(link: Link | undefined): boolean {
  if (link?.readyState !== OPEN) return false;
  const { maxBackpressure } = link.config;
  // The length is that of several queues.
  return maxBackpressure === Number.POSITIVE_INFINITY || link.outgoing.length <= maxBackpressure;
}
