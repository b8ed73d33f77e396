// Which requests `wsimd serve` answers. A site can point a name of its own at 127.0.0.1 (DNS rebinding): to the browser the server
// is then part of that site, whose pages may read all that it serves. Only the Host header tells, so it has to be a name of this
// server; and a page that asks has to come from the same host.

import { STATUS_CODES } from 'node:http';
import { isIPv4, isIPv6, type Socket } from 'node:net';
import { canonicalAuthority, parseWebUrl } from '../../handshake/authority.js';
import { UsageError } from '../command.js';

/** An answer to a request that is not for this server. */
export interface Refusal {
  readonly status: 400 | 403 | 404 | 408 | 421 | 426 | 502 | 503;
  readonly text: string;
}

/** What is looked at of a request; one of `node:http` has it. */
export interface HostedRequest {
  readonly headersDistinct: { readonly host?: readonly string[] | undefined };
  readonly headers: { readonly origin?: string | undefined };
  readonly socket: Socket;
}

/** A host as URLs have it, in one spelling. */
interface Authority {
  readonly name: string;
  /** Undefined where none is given. */
  readonly port: number | undefined;
}

const AUTHORITY = /^(\[[0-9a-f:.]+\]|[\w.~-]+)(?::([0-9]{1,5}))?$/i;
const HTTP_PORT = 80;

export class AllowedHosts {
  /** The host listened on. */
  readonly #own: string | undefined;
  readonly #more: readonly Authority[];

  /**
   * @param host the name or the address that is listened on
   * @param more values of --allow-host: names that are allowed with any port, or with the one given
   * @throws UsageError
   */
  constructor(host: string, more: readonly string[]) {
    this.#own = parseAuthority(isIPv6(host) ? `[${host}]` : host)?.name;
    this.#more = more.map((text) => {
      const authority = parseAuthority(text);
      if (authority === undefined)
        throw new UsageError(`--allow-host is a host such as dev.example.com, not "${text}"`);
      return authority;
    });
  }

  /** @returns why a request is not answered; undefined where it is */
  refuse(request: HostedRequest): Refusal | undefined {
    const refusal = this.refuseHost(request);
    if (refusal !== undefined) return refusal;
    const { origin } = request.headers;
    if (origin === undefined || isSameOrigin(origin, request.headersDistinct.host![0]!)) return undefined;
    return { status: 403, text: 'This server does not answer pages of other origins.' };
  }

  /** The same for the Host alone. */
  refuseHost(request: HostedRequest): Refusal | undefined {
    const hosts = request.headersDistinct.host ?? [];
    const [host = ''] = hosts;
    const authority = hosts.length === 1 ? parseAuthority(host) : undefined;
    if (authority === undefined)
      return { status: 421, text: 'The request must have one Host header, with a host in it.' };
    if (!this.#isAllowed(authority, request.socket)) {
      const text = `This server does not answer requests for "${host}". To allow them, start it with --allow-host ${host}`;
      return { status: 421, text };
    }
    return undefined;
  }

  #isAllowed({ name, port }: Authority, socket: Socket): boolean {
    if (this.#more.some((one) => one.name === name && (one.port === undefined || one.port === port))) return true;
    if ((port ?? HTTP_PORT) !== socket.localPort) return false;
    return isLoopback(name) || name === this.#own || addressesOf(socket).includes(name);
  }
}

/** The answer in bytes, for a request whose socket no longer has a response. */
export function refusalHead({ status, text }: Refusal): string {
  const body = `${text}\n`;
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `X-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

/** Undefined where the text is not a host with or without a port. */
function parseAuthority(text: string): Authority | undefined {
  const [, host, port] = AUTHORITY.exec(text) ?? [];
  if (host === undefined || !URL.canParse(`http://${host}`)) return undefined;
  return { name: new URL(`http://${host}`).hostname, port: port === undefined ? undefined : Number(port) };
}

/** Names that no DNS server has a say in (RFC 6761 section 6.3), and the addresses behind them. */
export function isLoopback(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]') return true;
  return isIPv4(name) && name.startsWith('127.');
}

/** The address that the client has reached, in the spellings that a URL may have of it. */
function addressesOf({ localAddress = '' }: Socket): string[] {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(localAddress)?.[1];
  const name = parseAuthority(isIPv6(localAddress) ? `[${localAddress}]` : localAddress)?.name;
  return [name, mapped].filter((one) => one !== undefined);
}

function isSameOrigin(origin: string, host: string): boolean {
  const url = parseWebUrl(origin);
  // Behind a proxy that takes the TLS off, a Host without a port is on the one that the Origin's scheme means.
  return url !== undefined && url.rest === '' && url.authority === canonicalAuthority(host, url.defaultPort);
}
