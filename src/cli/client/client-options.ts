// The options that all commands have which open connections: what to ask the server for, whom to trust. It opens none.

import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { type CreateRequestOptions, createRequest } from '../../handshake/index.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { UsageError } from '../command.js';
import { readOptionFile } from '../files.js';
import { withoutPassword } from '../terminal.js';
import { readTlsFiles } from './tls-files.js';
import { isProxyUrl } from './tunnel.js';

const MAX_REDIRECTS = 10;

/** For `parseOptions`. */
export const CLIENT_OPTIONS = {
  subprotocol: { type: 'string', multiple: true, default: [] as string[] },
  header: { type: 'string', multiple: true, default: [] as string[] },
  origin: { type: 'string' },
  location: { type: 'boolean', default: false },
  proxy: { type: 'string' },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  insecure: { type: 'boolean', default: false },
} as const;

export const CLIENT_HELP = `  --subprotocol NAME    offer this subprotocol; may be given several times
  --header 'NAME: VALUE'
                        send this header with the request; several times too
  --header @FILE        send the headers in this file, one a line; lines that are
                        empty or begin with # are skipped
  --origin ORIGIN       send this Origin
  --location            follow redirects, ${MAX_REDIRECTS} at most; another host gets no
                        Cookie, no Authorization and no client certificate
  --proxy URL           connect through this HTTP proxy, such as
                        http://user:password@localhost:3128
  --ca FILE             trust the certificates in this file (PEM or DER), for wss:
  --cert FILE           show the server this client certificate, for wss:
  --key FILE            its private key (PEM); default: in the file of --cert
  --insecure            trust any certificate, for wss:
`;

interface ClientValues {
  readonly subprotocol: string[];
  readonly header: string[];
  readonly origin?: string | undefined;
  readonly location: boolean;
  readonly proxy?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure: boolean;
}

/** What to connect to, and how. */
export interface ClientOptions {
  /** For `createRequest`, which has found nothing wrong with it. */
  readonly request: CreateRequestOptions & { readonly headers?: readonly (readonly [string, string])[] };
  readonly tls: TlsOptions;
  /** An HTTP proxy to connect through. */
  readonly proxy?: URL | undefined;
  /** How many redirects to follow; undefined where following them was not asked for. */
  readonly maxRedirects?: number | undefined;
}

/** @param positionals of the command line: the URL @throws UsageError; CommandError where the file cannot be read */
export function readClientOptions(positionals: readonly string[], values: ClientValues): ClientOptions {
  const [url, ...more] = positionals;
  if (url === undefined) throw new UsageError('which URL? One such as ws://localhost:8080/echo');
  if (more.length > 0) throw new UsageError(`one URL, and not also "${more.join('" "')}"`);
  const { subprotocol, header, origin, location, proxy, ca, cert, key, insecure } = values;
  const request = { url, protocols: subprotocol, origin, headers: header.flatMap(readHeaders) };
  try {
    createRequest(request);
  } catch (error) {
    rethrowUnless(error, TypeError);
    const shown = withoutPassword(url);
    // `localhost:8080` is a URL too, whose scheme is `localhost:`.
    if (!url.includes('://')) {
      throw new UsageError(`not a URL of a WebSocket: "${shown}"; one is ws://localhost:8080/echo`);
    }
    throw new UsageError(URL.canParse(url) ? error.message : `not a URL: "${shown}"`);
  }
  if (proxy !== undefined && !isProxyUrl(proxy)) {
    const shown = withoutPassword(proxy);
    throw new UsageError(`--proxy is the URL of an HTTP proxy, such as http://localhost:3128, not "${shown}"`);
  }
  return {
    request,
    tls: { rejectUnauthorized: !insecure, ...readTlsFiles({ ca, cert, key }) },
    proxy: proxy === undefined ? undefined : new URL(proxy),
    maxRedirects: location ? MAX_REDIRECTS : undefined,
  };
}

/** One value of --header: a header, or "@" and a file of them. */
function readHeaders(value: string): [string, string][] {
  if (!value.startsWith('@')) return [readHeader(value, '--header')];
  const file = value.slice(1);
  const lines = readOptionFile('--header', file).toString('utf8').split(/\r?\n/);
  return lines.flatMap((line, i) =>
    line.trim() === '' || line.startsWith('#') ? [] : [readHeader(line, `${file}, line ${i + 1}: a header`)],
  );
}

function readHeader(line: string, what: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 1) throw new UsageError(`${what} is 'NAME: VALUE', not "${line}"`);
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
