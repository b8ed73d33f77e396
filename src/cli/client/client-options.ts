// The options that all commands have which open connections: what to ask the server for, whom to trust. It opens none.

import { readFileSync } from 'node:fs';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { type CreateRequestOptions, createRequest } from '../../handshake/index.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { CommandError, UsageError } from '../command.js';

/** For `parseOptions`. */
export const CLIENT_OPTIONS = {
  subprotocol: { type: 'string', multiple: true, default: [] as string[] },
  header: { type: 'string', multiple: true, default: [] as string[] },
  origin: { type: 'string' },
  ca: { type: 'string' },
  insecure: { type: 'boolean', default: false },
} as const;

export const CLIENT_HELP = `  --subprotocol NAME    offer this subprotocol; may be given several times
  --header 'NAME: VALUE'
                        send this header with the request; several times too
  --origin ORIGIN       send this Origin
  --ca FILE             trust the certificates in this file (PEM), for wss:
  --insecure            trust any certificate, for wss:
`;

interface ClientValues {
  readonly subprotocol: string[];
  readonly header: string[];
  readonly origin?: string | undefined;
  readonly ca?: string | undefined;
  readonly insecure: boolean;
}

/** What to connect to, and how. */
export interface ClientOptions {
  /** For `createRequest`, which has found nothing wrong with it. */
  readonly request: CreateRequestOptions;
  readonly tls: TlsOptions;
}

/** @param positionals of the command line: the URL @throws UsageError; CommandError where the file cannot be read */
export function readClientOptions(positionals: readonly string[], values: ClientValues): ClientOptions {
  const [url, ...more] = positionals;
  if (url === undefined) throw new UsageError('which URL? One such as ws://localhost:8080/echo');
  if (more.length > 0) throw new UsageError(`one URL, and not also "${more.join('" "')}"`);
  const { subprotocol, header, origin, ca, insecure } = values;
  const request = { url, protocols: subprotocol, origin, headers: header.map(readHeader) };
  try {
    createRequest(request);
  } catch (error) {
    rethrowUnless(error, TypeError);
    // `localhost:8080` is a URL too, whose scheme is `localhost:`.
    if (!url.includes('://'))
      throw new UsageError(`not a URL of a WebSocket: "${url}"; one is ws://localhost:8080/echo`);
    throw new UsageError(URL.canParse(url) ? error.message : `not a URL: "${url}"`);
  }
  return { request, tls: { rejectUnauthorized: !insecure, ...(ca === undefined ? {} : { ca: readCa(ca) }) } };
}

function readHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 1) throw new UsageError(`--header is 'NAME: VALUE', not "${line}"`);
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandError(`--ca: ${(error as Error).message}`);
  }
}
