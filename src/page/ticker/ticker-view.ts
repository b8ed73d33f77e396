// The part of the page that subscribes to live prices, and shows how many bytes compression with shared history saves.

import { byId, element, onSubmit } from '../dom.js';
import { count } from '../frames/words.js';
import { type Figures, METER_PATH, type Prices, type Quote, TICKER_PATH } from './ticker-protocol.js';

/** The table row of one symbol. */
interface Row {
  readonly price: HTMLElement;
  readonly change: HTMLElement;
  bid: number;
}

/** Wires the controls up. */
export function startTickerView(): void {
  let sockets: WebSocket[] = [];
  const status = byId('ticker-status', HTMLElement);

  const stop = (sentence: string, isProblem = false) => {
    const open = sockets;
    sockets = [];
    for (const socket of open) socket.close();
    status.textContent = sentence;
    if (isProblem) status.dataset.problem = '';
    else delete status.dataset.problem;
    showRunning(false);
  };

  onSubmit('ticker-form', () => {
    const subscribers = byId('ticker-subscribers', HTMLInputElement).valueAsNumber;
    const board = new PriceBoard(byId('ticker-prices', HTMLElement));
    const meter = new SavingsMeter();
    let opened = 0;
    const open = (path: string, onText: (text: string) => void) => {
      const socket = new WebSocket(addressOf(path));
      socket.addEventListener('open', () => {
        if (sockets.includes(socket) && ++opened === subscribers + 1) {
          status.textContent = `Running: ${count(subscribers, 'subscriber')} in this page.`;
        }
      });
      socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
        if (sockets.includes(socket)) onText(data);
      });
      socket.addEventListener('close', () => {
        if (!sockets.includes(socket)) return;
        const isLost = opened === subscribers + 1;
        stop(isLost ? 'The server has closed the connection.' : 'The server does not answer, or has too many.', true);
      });
      return socket;
    };
    delete status.dataset.problem;
    status.textContent = 'connecting …';
    showRunning(true);
    sockets = [
      open(METER_PATH, (text) => meter.show(JSON.parse(text) as Figures)),
      open(TICKER_PATH, (text) => board.show(JSON.parse(text) as Prices)),
      ...Array.from({ length: subscribers - 1 }, () => open(TICKER_PATH, () => {})),
    ];
  });
  byId('ticker-stop', HTMLButtonElement).addEventListener('click', () => stop('Stopped.'));
}

function showRunning(isRunning: boolean): void {
  byId('ticker-start', HTMLButtonElement).disabled = isRunning;
  byId('ticker-subscribers', HTMLInputElement).disabled = isRunning;
  byId('ticker-stop', HTMLButtonElement).disabled = !isRunning;
}

/** The table of prices. The snapshot, which comes first, makes its rows. */
class PriceBoard {
  readonly #body: HTMLElement;
  readonly #rows = new Map<string, Row>();

  constructor(body: HTMLElement) {
    this.#body = body;
    body.replaceChildren();
  }

  show({ quotes }: Prices): void {
    for (const quote of quotes) this.#showQuote(quote);
  }

  #showQuote({ symbol, bid, ask, volume }: Quote): void {
    let row = this.#rows.get(symbol);
    if (row === undefined) {
      const heading = element('th', '', symbol);
      heading.scope = 'row';
      row = { price: element('td', ''), change: element('td', ''), bid };
      this.#rows.set(symbol, row);
      this.#body.append(element('tr', '', heading, row.price, row.change));
    }
    row.price.textContent = `${bid.toFixed(2)} / ${ask.toFixed(2)}`;
    const direction = Math.sign(bid - row.bid);
    row.change.dataset.direction = String(direction);
    row.change.textContent = `${direction > 0 ? '▲' : direction < 0 ? '▼' : '='} ${Math.abs(bid - row.bid).toFixed(2)}`;
    row.change.title = `volume ${volume}`;
    row.bid = bid;
  }
}

/** The bars: bytes of one message for one receiver, on average since the start. */
class SavingsMeter {
  /** The first figures, which later ones are compared with: the server counts from its own start. */
  #first: Figures | undefined;

  show(figures: Figures): void {
    this.#first ??= figures;
    const first = this.#first;
    const deliveries = figures.deliveries - first.deliveries;
    if (deliveries === 0) return;
    const plain = figures.plain - first.plain;
    const alone = figures.alone - first.alone;
    const sent = figures.sent - first.sent;
    showBar('plain', plain / deliveries, 1);
    showBar('alone', alone / deliveries, alone / plain);
    showBar('shared', sent / deliveries, sent / plain);
    byId('ticker-saved', HTMLElement).textContent = formatKilobytes(plain - sent);
    byId('ticker-share', HTMLElement).textContent = `${Math.round((1 - sent / plain) * 100)} %`;
    byId('ticker-deliveries', HTMLElement).textContent = String(deliveries);
    byId('ticker-count', HTMLElement).textContent = String(figures.subscribers);
  }
}

function showBar(name: string, bytes: number, share: number): void {
  const row = byId(`ticker-${name}`, HTMLElement);
  row.querySelector<HTMLElement>('.bar')!.style.setProperty('--share', String(Math.min(1, share)));
  row.querySelector('.figure')!.textContent = `${Math.round(bytes)} B`;
}

function formatKilobytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

function addressOf(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
