// Which Origins a server accepts (RFC 6455 section 10.2, RFC 6454). The header is what keeps a page of another site from
// opening a WebSocket with the user's cookies; programs other than browsers may send any Origin or none.

import { isThenable } from '../protocol/option-checks.js';
import { canonicalAuthority, defaultPortOf, parseWebUrl } from './authority.js';
import type { RequestHead } from './head.js';

/**
 * Which Origins to accept, where the header is present:
 *
 * - `'same-origin'`: its host and port are those that the request was sent to (`Origin: null` never is)
 * - `'any'`: all; for services that do not look at cookies or other credentials that a browser sends by itself
 * - a list of origins as browsers write them, such as `https://example.com`, `http://localhost:8080`, `null`
 * - a function that returns whether to accept this one. It has to answer at once: a promise counts as no
 */
export type OriginPolicy =
  | 'same-origin'
  | 'any'
  | readonly string[]
  | ((origin: string, request: RequestHead) => boolean);

/** How a server judges the Origin of a request. */
export interface OriginOptions {
  /** Default `'same-origin'`. */
  readonly origin?: OriginPolicy | undefined;
  /** Whether a request without Origin, which browsers do not send, is rejected too. Default false. */
  readonly requireOrigin?: boolean | undefined;
  /**
   * Whether clients reach this server over TLS. It says which port a Host without one means, and nothing else. Leave it
   * undefined where a proxy may have taken the TLS off: then such a Host is on the port that the Origin's scheme means.
   */
  readonly secure?: boolean | undefined;
}

/**
 * Whether the policy accepts a request.
 *
 * @param origin the Origin header, undefined where there is none
 * @param host the host, with its port if it has one, that the request was sent to
 * @throws whatever the caller's policy function throws
 */
export function isOriginAccepted(
  origin: string | undefined,
  host: string,
  request: RequestHead,
  options: OriginOptions,
): boolean {
  const { origin: policy = 'same-origin', requireOrigin = false, secure } = options;
  if (origin === undefined) return !requireOrigin;
  if (policy === 'any') return true;
  if (policy === 'same-origin') return isSameOrigin(origin, host, secure);
  if (typeof policy === 'function') return isYes(policy(origin, request));
  const wanted = canonicalOrigin(origin);
  return policy.some((accepted) => canonicalOrigin(accepted) === wanted);
}

/** A promise is truthy whatever it comes to: taken for a yes, it would let everybody in. */
function isYes(answer: unknown): boolean {
  if (!isThenable(answer)) return Boolean(answer);
  // What it comes to counts for nothing, and its rejection is no reason to end the process.
  Promise.resolve(answer).catch(() => {});
  return false;
}

function isSameOrigin(origin: string, host: string, secure: boolean | undefined): boolean {
  const url = parseWebUrl(origin);
  if (url === undefined || url.rest !== '') return false;
  const hostPort = secure === undefined ? url.defaultPort : defaultPortOf(secure);
  return url.authority === canonicalAuthority(host, hostPort);
}

/** Scheme, host and port in one spelling; the text itself where it is not the origin of a web page. */
function canonicalOrigin(origin: string): string {
  const url = parseWebUrl(origin);
  const isOrigin = url !== undefined && (url.rest === '' || url.rest === '/');
  return isOrigin ? `${url.scheme}://${url.authority}` : origin;
}
