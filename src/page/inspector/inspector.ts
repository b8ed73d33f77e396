// The page of `wsimd proxy --feed`: lists what the feed tells, shows the chosen frame, and sends the proxy's commands. Served
// without a proxy (`wsimd serve`), it lists the messages of a connection that it opens itself.

import { byId, element } from '../dom.js';
import { visible } from '../frames/visible.js';
import { ECHO_PATH } from '../live/tap-protocol.js';
import { detailView } from './detail-view.js';
import {
  contentOf,
  type FeedEntry,
  type Filter,
  isError,
  isMessage,
  matches,
  type Row,
  ratioOf,
} from './feed-entry.js';
import { FEED_PATH, PROXY_PATH, type ProxyPlace } from './feed-protocol.js';
import { OWN } from './own-connection.js';
import { RowList } from './row-list.js';
import { Sending } from './sending.js';

/** Rows that are kept; older ones go. */
const MAX_ROWS = 100_000;
/** Connections that can be chosen; older ones go. */
const MAX_CONNECTIONS = 200;

const status = byId('status', HTMLElement);
const connection = byId('connection', HTMLSelectElement);
const [from, kind] = [byId('from', HTMLSelectElement), byId('kind', HTMLSelectElement)];
const search = byId('search', HTMLInputElement);
const follow = byId('follow', HTMLInputElement);
const host = byId('list', HTMLElement);
const detail = byId('detail', HTMLElement);

let rows: Row[] = [];
let shown: Row[] = [];
let filter: Filter = { connection: '', from: '', kind: '', text: '' };
/** The last frame of each direction of each connection: its message follows it. */
const lastFrames = new Map<string, Row>();
const list = new RowList<Row>(host, drawRow, (row) => detail.replaceChildren(detailView(row, urlOf(row))));
/** The proxy's endpoint; undefined without a proxy. */
let proxyUrl: string | undefined;
/** The paths that the clients of connections asked for. */
const paths = new Map<string, string>();

function drawRow(row: Row): HTMLElement {
  const { entry } = row;
  const isFrame = isMessage(entry);
  const arrow = entry.from === 'client' ? '→' : entry.from === 'server' ? '←' : '';
  const number = (text: string) => {
    const cell = element('span', '', text);
    cell.dataset.number = '';
    return cell;
  };
  return element(
    'div',
    `row${isError(entry) ? ' bad' : isFrame ? '' : ' aside'}`,
    element('span', '', entry.time?.slice(11, 23) ?? ''),
    element('span', '', `${entry.connection ?? ''}`),
    element('span', '', arrow),
    element('span', '', `${entry.name ?? entry.type}${entry.fin === false ? ' …' : ''}`),
    number(isFrame ? String(entry.payloadLength ?? '?') : ''),
    number(ratioOf(row)),
    element('span', '', visible(contentOf(row).slice(0, 200))),
  );
}

function add(entry: FeedEntry): void {
  const key = `${entry.connection} ${entry.from}`;
  if (entry.type === 'message') {
    const row = lastFrames.get(key);
    if (row !== undefined) row.whole = entry;
    list.update();
    return;
  }
  note(entry, key);
  const row: Row = { entry, whole: undefined };
  if (entry.type === 'frame' && (entry.opcode ?? 8) < 8) lastFrames.set(key, row);
  rows.push(row);
  if (rows.length > MAX_ROWS + MAX_ROWS / 10) {
    rows = rows.slice(-MAX_ROWS);
    refilter();
  } else if (matches(row, filter)) {
    shown.push(row);
    list.update();
  }
  showStatus(`${rows.length.toLocaleString('en')} rows`);
}

/** Keeps what later rows need of an entry. */
function note(entry: FeedEntry, key: string): void {
  const name = String(entry.connection ?? '');
  if (entry.type === 'connection' || (entry.connection === OWN && !hasOption(name))) {
    const client = entry.client === undefined ? 'this page' : `#${name} ${entry.client}`;
    const option = element('option', '', client);
    option.value = name;
    connection.append(option);
    // The first one is `all`.
    if (connection.options.length > MAX_CONNECTIONS + 1) connection.remove(1);
  } else if (entry.type === 'request') {
    paths.set(name, entry.startLine?.split(' ')[1] ?? '/');
  } else if (entry.type === 'note' && entry.text === 'the connection is over') {
    lastFrames.delete(key);
    lastFrames.delete(`${name} server`);
    for (const option of connection.options) if (option.value === name) option.text += ', over';
  }
}

function hasOption(name: string): boolean {
  return [...connection.options].some(({ value }) => value === name);
}

/** Where a client would send the row's message. */
function urlOf({ entry }: Row): string {
  const base = proxyUrl ?? byId('url', HTMLInputElement).value;
  const path = paths.get(String(entry.connection));
  return path !== undefined && URL.canParse(path, base) ? new URL(path, base).href : base;
}

function refilter(): void {
  filter = {
    connection: connection.value,
    from: from.value,
    kind: kind.value,
    text: search.value.toLowerCase(),
  };
  shown = rows.filter((row) => matches(row, filter));
  list.show(shown);
}

function setFollowing(isFollowing: boolean): void {
  follow.checked = list.isFollowing = isFollowing;
  list.update();
}

function choose(by: number): void {
  setFollowing(false);
  list.move(by);
}

/** A narrow window shows the beginning; the whole text is in the tooltip. */
function showStatus(text: string): void {
  status.textContent = status.title = text;
}

let feed: WebSocket | undefined;
const sending = new Sending({
  run: (line) => feed?.send(line),
  chosen: () => (connection.value === '' ? undefined : connection.value),
  add,
});

async function start(): Promise<void> {
  const answer = await fetch(PROXY_PATH);
  if (answer.status !== 200) {
    showStatus('messages of this page');
    sending.offer(undefined, `${location.origin.replace('http', 'ws')}${ECHO_PATH}`);
    return;
  }
  byId('title', HTMLElement).textContent = 'wsimd proxy';
  document.title = 'wsimd proxy: live frames';
  const { proxy } = (await answer.json()) as ProxyPlace;
  proxyUrl = proxy;
  sending.offer(proxy, proxy);
  feed = new WebSocket(`${location.origin.replace('http', 'ws')}${FEED_PATH}`);
  feed.addEventListener('message', ({ data }) => add(JSON.parse(String(data)) as FeedEntry));
  feed.addEventListener('open', () => {
    showStatus('waiting for connections');
  });
  feed.addEventListener('close', () => {
    showStatus('the proxy has ended: reload once it runs again');
  });
}

list.show(shown);
for (const input of [connection, from, kind]) input.addEventListener('change', refilter);
search.addEventListener('input', refilter);
follow.addEventListener('change', () => setFollowing(follow.checked));
// Somebody who scrolls up wants to read.
host.addEventListener('wheel', ({ deltaY }) => deltaY < 0 && setFollowing(false));
byId('clear', HTMLButtonElement).addEventListener('click', () => {
  rows = [];
  refilter();
});
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof Element && event.target.matches('input, textarea, select');
  if (event.key === 'Enter' && event.ctrlKey) sending.send();
  // The browser's own, such as Ctrl+J.
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === 'Escape') host.focus();
  else if (isTyping) return;
  else if (event.key === '/') search.focus();
  else if (event.key === 'j' || event.key === 'ArrowDown') choose(1);
  else if (event.key === 'k' || event.key === 'ArrowUp') choose(-1);
  else if (event.key === 'Enter' && event.target === host) detail.focus();
  else return;
  event.preventDefault();
});
void start();
