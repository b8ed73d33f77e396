// The lower part of the page: opens a connection of the page's own, and sends what the composer makes, by the proxy or by that
// connection.

import type { Sender } from '../../capture/tcp-connections.js';
import { ProtocolError } from '../../index.js';
import { byId, element, onSubmit } from '../dom.js';
import { HexError, parseHexOrNone } from '../frames/parse-hex.js';
import { visible } from '../frames/visible.js';
import { BROKEN_FRAMES, compose, type Kind } from './composer.js';
import type { FeedEntry } from './feed-entry.js';
import { OwnConnection } from './own-connection.js';

export interface SendingOptions {
  /** Gives the proxy a line. */
  readonly run: (line: string) => void;
  /** The connection that the list is narrowed to; undefined: all. */
  readonly chosen: () => string | undefined;
  readonly add: (entry: FeedEntry) => void;
}

const [url, subprotocols] = [byId('url', HTMLInputElement), byId('subprotocols', HTMLInputElement)];
const [own, problem] = [byId('own', HTMLElement), byId('problem', HTMLElement)];
const close = byId('close', HTMLButtonElement);
const content = byId('content', HTMLTextAreaElement);
const frames = byId('frames', HTMLInputElement);
const [sender, format] = [byId('as', HTMLSelectElement), byId('format', HTMLSelectElement)];
const broken = byId('broken', HTMLSelectElement);
const tools = byId('tools', HTMLDetailsElement);

export class Sending {
  readonly #options: SendingOptions;
  readonly #own: OwnConnection;
  /** The proxy's endpoint; undefined without a proxy. */
  #proxy: string | undefined;

  constructor(options: SendingOptions) {
    this.#options = options;
    this.#own = new OwnConnection({
      entry: options.add,
      status: (text, isOpen) => {
        own.textContent = visible(text);
        close.disabled = !isOpen;
      },
    });
    broken.append(...[...BROKEN_FRAMES.keys()].map((name) => element('option', '', name)));
    broken.addEventListener('change', () => this.#showBroken());
    sender.addEventListener('change', () => this.#showBroken());
    close.addEventListener('click', () => this.#own.close());
    onSubmit('connect', () => this.#try(() => this.#connect()));
    onSubmit('composer', () => this.send());
    for (const button of document.querySelectorAll<HTMLButtonElement>('[data-line]')) {
      button.addEventListener('click', () => {
        const { line = '' } = button.dataset;
        this.#run(line === 'hold' ? `/hold ${this.#sender()}` : line === 'edit' ? `/edit ${content.value}` : line);
      });
    }
    // A phone has more use for the room.
    tools.open = !matchMedia('(max-width: 48rem)').matches;
  }

  /** @param proxy the proxy's endpoint, of which the feed tells; undefined without a proxy */
  offer(proxy: string | undefined, byDefault: string): void {
    this.#proxy = proxy;
    url.value = byDefault;
    if (proxy !== undefined) return;
    sender.value = 'page';
    for (const option of sender.options) option.disabled = option.value !== 'page';
    for (const button of document.querySelectorAll<HTMLButtonElement>('[data-line]')) button.disabled = true;
  }

  send(): void {
    this.#try(() => {
      const kind = format.value as Kind;
      const count = Math.min(Math.max(Math.trunc(Number(frames.value)) || 1, 1), 1000);
      if (sender.value === 'page') {
        this.#sendOwn(kind);
        return;
      }
      const bytes = compose(kind, content.value, count, this.#sender());
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
      this.#run(`/send-raw ${this.#sender()} ${hex}`);
    });
  }

  #connect(): void {
    const address = url.value.trim();
    // A browser would take anything else as a path of this page's server.
    if (!/^wss?:\/\//i.test(address)) throw new ComposeError('A URL of a WebSocket begins with ws:// or wss://');
    const isTold =
      this.#proxy !== undefined && URL.canParse(address) && new URL(address).host === new URL(this.#proxy).host;
    this.#own.open(address, subprotocols.value, isTold);
  }

  #sendOwn(kind: Kind): void {
    if (!this.#own.isOpen) throw new ComposeError('Connect first: this page has no open connection.');
    if (kind === 'text') this.#own.send(content.value);
    else if (kind === 'binary') this.#own.send(new Uint8Array(parseHexOrNone(content.value)));
    else if (kind === 'close') {
      const [, code, reason = ''] = /^(\d{1,5})?\s*(.*)$/s.exec(content.value)!;
      if (code === undefined) this.#own.close();
      else this.#own.close(Number(code), reason);
    } else
      throw new ComposeError(
        'A browser lets pages send text, binary and close only; through the proxy, send as client.',
      );
  }

  #sender(): Sender {
    return sender.value === 'server' ? 'server' : 'client';
  }

  #showBroken(): void {
    const frame = BROKEN_FRAMES.get(broken.value)?.(this.#sender());
    if (frame === undefined) return;
    format.value = 'raw';
    if (sender.value === 'page') sender.value = 'client';
    content.value = frame.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  }

  #run(line: string): void {
    const chosen = this.#options.chosen();
    this.#options.run(`/connection ${chosen ?? 'newest'}`);
    this.#options.run(line);
  }

  #try(run: () => void): void {
    problem.textContent = '';
    try {
      run();
    } catch (error) {
      const isExpected =
        error instanceof ProtocolError ||
        error instanceof HexError ||
        error instanceof ComposeError ||
        error instanceof DOMException;
      if (!isExpected) throw error;
      problem.textContent = visible(error.message);
    }
  }
}

/** What is asked for cannot be sent. */
class ComposeError extends Error {}
