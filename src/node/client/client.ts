// The opening handshake of a client on node:http and node:https: sends the request, follows redirects, judges the answer, and
// hands the socket over. It knows the handshake and no frame.

import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
// The module, as in node-http.ts.
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { PerMessageDeflate } from '../../deflate/index.js';
import {
  checkResponse,
  createRequest,
  type ClientRequest as Handshake,
  type ResponseAccepted,
  type ResponseRejected,
} from '../../handshake/client.js';
import { formatExtensions } from '../../handshake/extensions.js';
import { areDistinctTokens, fromRawHeaders } from '../../handshake/headers.js';
import type { MessageCompression } from '../../messages/compression.js';
import { ProtocolError } from '../../protocol/errors.js';
import { describeValue } from '../../protocol/option-checks.js';
import { checkStreamResponse, openStream, streamHeaders } from '../http2/client-http2.js';
import { negotiate } from '../http2/open-session.js';
import { http } from '../node-http.js';
import { CLIENT_HANDSHAKE_CHANNEL } from '../observe/channels.js';
import { type ClientHandshakeContext, HandshakeTrace, isTraced } from '../observe/handshake-trace.js';
import { nextTick } from '../socket/machinery.js';
import { cutSocket } from '../socket/reads/socket-events.js';
import { DEFAULT_MAX_REDIRECTS } from '../websocket/options/defaults.js';
import type { Agreed } from '../websocket/options/per-message-deflate.js';
import { inWordsOfWs } from '../websocket/ws-errors.js';
import { type Abortable, watchSignal } from './abort-watch.js';
import { type Address, isTrusted, parseAddress, parseRedirect } from './address.js';
import { type ClientOptions, requestOptions, tlsOptions, triesHttp2, withoutCredentials } from './client-options.js';

/** What an opening comes to. */
export interface Outcome {
  opened(socket: Duplex, head: Uint8Array, agreed: Agreed): void;
  failed(error: Error): void;
}

/** An attempt to connect: one request, and those that its redirects lead to. */
export class Opening<Socket extends Abortable = Abortable> {
  readonly #webSocket: Socket;
  readonly #protocols: readonly string[];
  readonly #deflate: PerMessageDeflate | undefined;
  readonly #outcome: Outcome;
  readonly #origin: Address;
  #options: ClientOptions<Socket>;
  #address: Address;
  #request: ClientRequest | undefined;
  #socket: Duplex | undefined;
  #timer: NodeJS.Timeout | undefined;
  #redirects = 0;
  /** The status of the last answer. */
  #status: number | undefined;
  /** If somebody traces it. */
  #trace: HandshakeTrace<ClientHandshakeContext> | undefined;
  #unwatch: () => void = () => {};
  /** Opened, failed or aborted: nothing that still comes counts. */
  #isOver = false;

  /**
   * @param webSocket emits `upgrade`, `redirect` and `unexpected-response`
   * @throws SyntaxError for an address or a subprotocol that is none; RangeError for another version than 13; TypeError for
   *   headers that are not well-formed; what `finishRequest` throws. Nothing goes on then
   */
  constructor(
    webSocket: Socket,
    address: string | URL,
    protocols: readonly string[],
    options: ClientOptions<Socket>,
    deflate: PerMessageDeflate | undefined,
    outcome: Outcome,
  ) {
    const { protocolVersion = 13 } = options;
    if (protocolVersion !== 13) {
      throw new RangeError(`Unsupported protocol version: ${describeValue(protocolVersion)} (supported versions: 13)`);
    }
    if (!protocols.every((protocol) => typeof protocol === 'string') || !areDistinctTokens(protocols)) {
      throw new SyntaxError('An invalid or duplicated subprotocol was specified');
    }
    this.#webSocket = webSocket;
    this.#protocols = protocols;
    this.#options = options;
    this.#deflate = deflate;
    this.#outcome = outcome;
    this.#address = this.#origin = parseAddress(address);
    if (isTraced(CLIENT_HANDSHAKE_CHANNEL)) this.#sendTraced();
    else this.#send();
    this.#unwatch = watchSignal(webSocket, options, (error) => this.#isOver || this.#fail(error));
    if (this.#isOver) this.#unwatch();
  }

  /** Where it connects to. */
  get url(): string {
    return this.#address.url.href;
  }

  /** Ends the attempt, which is not over yet; what the error is told to comes later. */
  abort(error: Error): void {
    this.#cut();
    this.#trace?.fail(this.#status, error);
    nextTick(this.#outcome.failed, error);
  }

  #sendTraced(): void {
    const context = {
      websocket: this.#webSocket,
      url: this.url,
      request: undefined,
      status: undefined,
      error: undefined,
    };
    const trace = new HandshakeTrace<ClientHandshakeContext>(CLIENT_HANDSHAKE_CHANNEL, context);
    this.#trace = trace;
    trace.run(() => {
      try {
        this.#send();
      } catch (error) {
        trace.throwNow(error);
        throw error;
      }
    });
  }

  #send(): void {
    const { origin, session } = this.#options;
    const handshake = createRequest({
      url: this.#address.handshakeUrl,
      protocols: this.#protocols,
      extensions: this.#deflate?.offer(),
      // As with `ws`, an empty one is none.
      origin: origin || undefined,
    });
    try {
      if (session)
        this.#connectStream(session, this.#streamHeaders(handshake), handshake, (error) => this.#fail(error));
      else if (triesHttp2(this.#options, this.#address)) this.#negotiate(handshake);
      else this.#sendRequest(handshake);
    } catch (error) {
      this.#cut();
      throw error;
    }
    this.#startTimer();
  }

  /** Comes last: what threw before has left no timer behind. */
  #startTimer(): void {
    const { handshakeTimeout } = this.#options;
    if (!handshakeTimeout || handshakeTimeout === Number.POSITIVE_INFINITY || this.#isOver) return;
    this.#timer = setTimeout(
      () => this.#fail(inWordsOfWs(new ProtocolError('WSIMD_HANDSHAKE_TIMEOUT'))),
      handshakeTimeout,
    );
  }

  /** @param socket that of the request, if it has one already */
  #sendRequest(handshake: Handshake, socket?: Duplex): void {
    const options = this.#options;
    const address = this.#address;
    const { request: send } = address.isSecure ? https : http;
    const own = socket === undefined ? {} : { agent: undefined, createConnection: () => socket };
    const request = send({ ...requestOptions(handshake, address, options), ...own });
    this.#request = request;
    this.#status = undefined;
    if (this.#trace !== undefined) this.#trace.context.request = request;
    const isCurrent = () => this.#request === request && !this.#isOver;
    request.on('error', (error) => isCurrent() && this.#fail(error));
    request.on('response', (response) => isCurrent() && this.#answered(request, response));
    request.on('upgrade', (response, socket, head) => {
      if (!isCurrent()) {
        socket.destroy();
        return;
      }
      this.#socket = socket;
      this.#status = response.statusCode;
      this.#webSocket.emit('upgrade', response);
      // A listener may have closed the WebSocket.
      if (this.#isOver) return;
      const verdict = checkResponse(
        { status: response.statusCode!, headers: fromRawHeaders(response.rawHeaders) },
        handshake,
      );
      this.#judged(verdict, handshake, socket, head);
    });
    if (this.#redirects > 0) this.#webSocket.emit('redirect', this.url, request);
    if (options.finishRequest) options.finishRequest(request, this.#webSocket);
    else request.end();
  }

  /** Asks the server for HTTP/2, and takes HTTP/1.1 where that does not lead to a WebSocket. */
  #negotiate(handshake: Handshake): void {
    // These may throw, which the caller of the constructor is to see.
    const headers = this.#streamHeaders(handshake);
    const options = tlsOptions(requestOptions(handshake, this.#address, this.#options));
    const useHttp1 = (socket?: Duplex) => {
      if (this.#isOver) return;
      try {
        this.#sendRequest(handshake, socket);
      } catch (error) {
        this.#fail(error as Error);
      }
    };
    this.#socket = negotiate(options, `https://${this.#address.host}`, {
      http2: (session) => {
        session.on('error', () => {});
        let isRefused = false;
        const refuse = () => {
          if (isRefused) return;
          isRefused = true;
          this.#socket?.on('error', () => {});
          session.destroy();
          useHttp1();
        };
        if (this.#isOver) session.destroy();
        else this.#connectStream(session, headers, handshake, refuse);
      },
      http1: useHttp1,
      failed: (error) => this.#isOver || this.#fail(error),
    });
  }

  #streamHeaders(handshake: Handshake): OutgoingHttpHeaders {
    return streamHeaders(handshake, this.#address.isSecure, this.#options);
  }

  /**
   * Over HTTP/2: there are no redirects, and no `upgrade` or `unexpected-response` events, whose arguments are of HTTP/1.1.
   *
   * @param refuse called if there is no WebSocket, maybe more than once
   */
  #connectStream(
    session: ClientHttp2Session,
    headers: OutgoingHttpHeaders,
    handshake: Handshake,
    refuse: (error: Error) => void,
  ): void {
    openStream(session, headers, {
      started: (stream) => {
        this.#socket = stream;
        // One that we have opened serves nobody else.
        if (session !== this.#options.session) stream.once('close', () => session.close());
        if (this.#isOver) cutSocket(stream);
      },
      answered: (status, headers, stream) => {
        if (this.#isOver) return;
        this.#status = status;
        if (status !== 200) refuse(unexpectedStatus(status));
        else this.#judged(checkStreamResponse(headers, handshake), handshake, stream, Buffer.alloc(0));
      },
      failed: (error) => this.#isOver || refuse(error),
    });
  }

  #judged(verdict: ResponseAccepted | ResponseRejected, handshake: Handshake, socket: Duplex, head: Uint8Array): void {
    if (!verdict.ok) {
      this.#fail(inWordsOfWs(verdict.error, this.#responseText(verdict.error)));
    } else if (verdict.protocol === undefined && this.#protocols.length > 0) {
      this.#fail(noProtocol());
    } else {
      const { protocol = '', extensions } = verdict;
      let compression: MessageCompression | undefined;
      try {
        compression = this.#deflate?.forClient(extensions, handshake.extensions);
      } catch (error) {
        this.#fail(error instanceof ProtocolError ? inWordsOfWs(error) : (error as Error));
        return;
      }
      this.#open(socket, head, { protocol, extensions: formatExtensions(extensions), compression });
    }
  }

  /** What `ws` says of a response that breaks a rule; undefined where that does not depend on the request. */
  #responseText({ code, detail = '' }: ProtocolError): string | undefined {
    if (code === 'WSIMD_RESPONSE_PROTOCOL' && this.#protocols.length === 0) {
      return 'Server sent a subprotocol but none was requested';
    }
    if (code !== 'WSIMD_RESPONSE_EXTENSIONS' || !detail.startsWith('"')) return undefined;
    return this.#deflate === undefined
      ? 'Server sent a Sec-WebSocket-Extensions header but no extension was requested'
      : 'Server indicated an extension that was not requested';
  }

  /** The answer is no switch of protocols. */
  #answered(request: ClientRequest, response: IncomingMessage): void {
    const { followRedirects, maxRedirects = DEFAULT_MAX_REDIRECTS } = this.#options;
    const { statusCode = 0, headers } = response;
    this.#status = statusCode;
    if (followRedirects && headers.location !== undefined && statusCode >= 300 && statusCode < 400) {
      if (++this.#redirects > (maxRedirects ?? 0)) {
        const detail = String(maxRedirects);
        this.#fail(inWordsOfWs(new ProtocolError('WSIMD_TOO_MANY_REDIRECTS', { detail })));
      } else {
        this.#redirect(request, headers.location);
      }
    } else if (this.#webSocket.listenerCount('unexpected-response') > 0) {
      clearTimeout(this.#timer);
      this.#trace?.fail(statusCode, unexpectedStatus(statusCode));
      this.#webSocket.emit('unexpected-response', request, response);
    } else {
      this.#fail(unexpectedStatus(statusCode));
    }
  }

  #redirect(request: ClientRequest, location: string): void {
    clearTimeout(this.#timer);
    this.#request = this.#status = undefined;
    request.on('error', () => {});
    request.destroy();
    try {
      const isWatched = this.#webSocket.listenerCount('redirect') > 0;
      const address = parseRedirect(location, this.#address, this.#origin, isWatched);
      // Credentials are for whom they were given for, unless somebody listens and sees to it.
      if (!isWatched && !isTrusted(address, this.#origin)) {
        this.#options = withoutCredentials(this.#options, address.host !== this.#origin.host);
      }
      this.#address = address;
      if (this.#trace !== undefined) this.#trace.context.url = this.url;
      this.#send();
    } catch (error) {
      this.#fail(error instanceof ProtocolError ? inWordsOfWs(error) : (error as Error));
    }
  }

  #open(socket: Duplex, head: Uint8Array, agreed: Agreed): void {
    clearTimeout(this.#timer);
    this.#isOver = true;
    this.#unwatch();
    this.#trace?.succeed(this.#status!, this.#webSocket);
    this.#outcome.opened(socket, head, agreed);
  }

  #fail(error: Error): void {
    this.#cut();
    this.#trace?.fail(this.#status, error);
    this.#outcome.failed(error);
  }

  #cut(): void {
    clearTimeout(this.#timer);
    this.#isOver = true;
    this.#request?.destroy();
    this.#socket?.on('error', () => {});
    if (this.#socket !== undefined) cutSocket(this.#socket);
  }
}

function noProtocol(): ProtocolError {
  const error = new ProtocolError('WSIMD_RESPONSE_PROTOCOL', { detail: 'it chose none of those offered' });
  return inWordsOfWs(error, 'Server sent no subprotocol');
}

/** The message is the one by which programs for `ws` tell a 401 from a 503. */
function unexpectedStatus(status: number): Error {
  const cause = new ProtocolError('WSIMD_UNEXPECTED_STATUS', { detail: String(status) });
  return Object.assign(new Error(`Unexpected server response: ${status}`, { cause }), { code: cause.code });
}
