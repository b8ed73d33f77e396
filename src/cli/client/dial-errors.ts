// Why a connection could not be opened: the kind to count by, and a sentence for a person, with a hint at the option that
// may help.

/** The server, or a proxy on the way, answered with something other than a response that can be judged. */
export class DialError extends Error {
  /** The same for all connections that fail in this way, whatever the server said. */
  readonly kind: string;

  constructor(kind: string, detail = '') {
    super(detail === '' ? kind : `${kind} ${detail}`);
    this.kind = kind;
  }
}

const NO_RESPONSE = 'no HTTP response; is this a WebSocket server?';
const MAX_EXCERPT = 60;
/** The first two bytes of a TLS alert: its record type, and the major version that all of TLS has. */
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

/** The error for a server that closed before its response was whole. @param received bytes of it that came */
export function earlyEnd(received: number): DialError {
  return received === 0
    ? new DialError(NO_RESPONSE, 'It closed the connection')
    : new DialError('the server closed the connection in the middle of its HTTP response');
}

/** Errors of certificates that the certificate of the issuer mends; Node names them as OpenSSL does. */
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
/** How OpenSSL writes an error on one line: number, library, function, reason, file, line. */
const OPENSSL_LINE = /\berror:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;
/** What OpenSSL says of bytes that are no TLS. */
const NO_TLS = /wrong version number|packet length too long|http request|record layer failure/;
/** The alerts with which a server may ask for a client certificate, or refuse the one that it got. */
const CERTIFICATE_ALERT =
  /alert (certificate required|handshake failure|bad certificate|unknown ca|certificate unknown)/;

/** What went wrong with a connection, in a word or two: to count by. */
export function errorKind(error: unknown): string {
  if (error instanceof DialError) return error.kind;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error instanceof Error ? error.message : String(error);
}

/** The same in a sentence. */
export function errorText(error: unknown): string {
  // A host of several addresses gives an error for each, and no text for all.
  if (error instanceof AggregateError && error.message === '') return errorText(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

/** The sentence for an error that `dial` rejects with, its kind in it, and what to try. */
export function dialErrorText(error: unknown): string {
  const kind = errorKind(error);
  const message = errorText(error);
  // Of some certificates Node goes on with advice on its own options.
  const text = OPENSSL_LINE.exec(message)?.[1] ?? message.split('; if the root CA ', 1)[0]!;
  const isNamed = text.includes(kind) || kind.startsWith('WSIMD_');
  return `${isNamed ? text : `${text} (${kind})`}${hintFor(kind, text, error)}`;
}

function hintFor(kind: string, text: string, error: unknown): string {
  if (UNTRUSTED.has(kind)) {
    return '. To trust it, name its certificate or that of its issuer with --ca; --insecure trusts any';
  }
  if (WRONG_CERTIFICATE.test(kind)) return '. --insecure trusts any certificate';
  if (NO_TLS.test(text)) return '. Does the server speak TLS? For a port without it use ws: instead of wss:';
  if (CERTIFICATE_ALERT.test(text)) return '. Does the server ask for a client certificate? Name it with --cert';
  if (kind === 'ECONNRESET' && (error as NodeJS.ErrnoException).syscall !== 'connect') return `: ${NO_RESPONSE}`;
  return '';
}
