// Why a connection could not be opened: a kind, to count errors by, and a sentence for a person, with the option that may help.

/** The server, or a proxy in between, answered with something other than an HTTP response. */
export class DialError extends Error {
  /** Equal for all connections that fail in the same way, whatever the server sent. */
  readonly kind: string;

  constructor(kind: string, detail = '') {
    super(detail === '' || detail.startsWith(':') ? kind + detail : `${kind} ${detail}`);
    this.kind = kind;
  }
}

const NO_RESPONSE = 'no HTTP response; is this a WebSocket server?';
const MAX_EXCERPT = 60;
/** The first two bytes of a TLS alert: the record type, and the major version, which is 3 in every TLS. */
const TLS_ALERT = [0x15, 0x03];
const RESPONSE_START = 'HTTP/';

/** The error for a connection that begins with these bytes; undefined where a response may begin with them. */
export function wrongStart(bytes: Uint8Array): DialError | undefined {
  if (TLS_ALERT.every((byte, i) => bytes[i] === byte)) {
    return new DialError('the server speaks TLS; try wss: instead of ws:');
  }
  const start = Buffer.from(bytes.subarray(0, MAX_EXCERPT)).toString('latin1');
  if (start.startsWith(RESPONSE_START) || RESPONSE_START.startsWith(start)) return undefined;
  return new DialError(NO_RESPONSE, `It sent "${start.split(/[\r\n]/, 1)[0]}"`);
}

/**
 * The error for a server that closed before its response was complete.
 *
 * @param received the number of its bytes that came
 * @param isPlain it was spoken to without TLS: some servers of TLS, such as Node's, then close without an alert
 */
export function earlyEnd(received: number, isPlain: boolean): DialError {
  if (received > 0) return new DialError('the server closed the connection in the middle of its HTTP response');
  const closed = 'It closed the connection without an answer';
  return new DialError(NO_RESPONSE, isPlain ? `${closed}. If it speaks TLS, try wss: instead of ws:` : closed);
}

/** Errors that go away once the issuer's certificate is trusted; the names are OpenSSL's. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
]);
/** Errors of certificates that are wrong regardless of their issuer. */
const WRONG_CERTIFICATE = /^(ERR_TLS_CERT_ALTNAME_|CERT_|HOSTNAME_MISMATCH)/;
/** An error as OpenSSL prints it on one line: number, library, function, reason, file, line. */
const OPENSSL_LINE = /\berror:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;
/** OpenSSL's words for bytes that are not TLS. */
const NO_TLS = /wrong version number|packet length too long|http request|record layer failure/;
/** The alerts with which a server asks for a client certificate, or rejects the one that it got. */
const CERTIFICATE_ALERT =
  /alert (certificate required|handshake failure|bad certificate|unknown ca|certificate unknown)/;

/** The kind of an error, in a word or two, to count errors by. */
export function errorKind(error: unknown): string {
  if (error instanceof DialError) return error.kind;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error instanceof Error ? error.message : String(error);
}

/** The text of an error. */
export function errorText(error: unknown): string {
  // A host with several addresses gives an AggregateError without a text: show the first address's.
  if (error instanceof AggregateError && error.message === '') return errorText(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

/**
 * A sentence for an error that `dial` rejects with: what happened, its kind, and what to try.
 *
 * @param schemes of URLs without and with TLS
 */
export function dialErrorText(error: unknown, schemes: readonly [string, string] = ['ws:', 'wss:']): string {
  const kind = errorKind(error);
  const message = errorText(error);
  // For some certificates Node appends advice on its own options, which the CLI does not have.
  const text = OPENSSL_LINE.exec(message)?.[1] ?? message.split('; if the root CA ', 1)[0]!;
  const isNamed = text.includes(kind) || kind.startsWith('WSIMD_');
  return `${isNamed ? text : `${text} (${kind})`}${hintFor(kind, text, error, schemes)}`;
}

function hintFor(kind: string, text: string, error: unknown, [plain, secure]: readonly [string, string]): string {
  if (error instanceof DialError) return '';
  if (UNTRUSTED.has(kind)) {
    return '. To trust it, name its certificate or that of its issuer with --ca; --insecure trusts any';
  }
  if (WRONG_CERTIFICATE.test(kind)) return '. --insecure trusts any certificate';
  if (NO_TLS.test(text)) return `. Does the server speak TLS? For a port without it use ${plain} instead of ${secure}`;
  if (CERTIFICATE_ALERT.test(text)) return '. Does the server ask for a client certificate? Name it with --cert';
  if (kind === 'ECONNRESET' && (error as NodeJS.ErrnoException).syscall !== 'connect') return `: ${NO_RESPONSE}`;
  return '';
}
