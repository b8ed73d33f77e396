// The page of `wsimd proxy --feed`: lists what the feed tells, shows the chosen frame, and sends the proxy's commands.

import { byId, element, onSubmit } from '../dom.js';
import { detailView } from './detail-view.js';
import { contentOf, type FeedEntry, type Filter, isError, matches, type Row, ratioOf } from './feed-entry.js';
import { RowList } from './row-list.js';

/** Rows that are kept; older ones go. */
const MAX_ROWS = 100_000;

const status = byId('status', HTMLElement);
const [from, kind] = [byId('from', HTMLSelectElement), byId('kind', HTMLSelectElement)];
const search = byId('search', HTMLInputElement);
const follow = byId('follow', HTMLInputElement);
const content = byId('content', HTMLTextAreaElement);
const [sender, format] = [byId('as', HTMLSelectElement), byId('format', HTMLSelectElement)];
const broken = byId('broken', HTMLSelectElement);
const host = byId('list', HTMLElement);
const detail = byId('detail', HTMLElement);

let rows: Row[] = [];
let shown: Row[] = [];
let filter: Filter = { from: '', kind: '', text: '' };
/** The last frame of each direction of each connection: its message follows it. */
const lastFrames = new Map<string, Row>();
const list = new RowList<Row>(host, drawRow, (row) => detail.replaceChildren(detailView(row)));

function drawRow(row: Row): HTMLElement {
  const { entry } = row;
  const isFrame = entry.type === 'frame';
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
    element('span', '', contentOf(row).slice(0, 200)),
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
  status.textContent = `${rows.length.toLocaleString('en')} rows`;
}

function refilter(): void {
  filter = { from: from.value, kind: kind.value, text: search.value.toLowerCase() };
  shown = rows.filter((row) => matches(row, filter));
  list.show(shown);
}

const feed = new WebSocket(`${location.origin.replace('http', 'ws')}/feed`);
feed.addEventListener('message', ({ data }) => add(JSON.parse(String(data)) as FeedEntry));
feed.addEventListener('open', () => {
  status.textContent = 'waiting for connections';
});
feed.addEventListener('close', () => {
  status.textContent = 'the proxy has ended: reload once it runs again';
});

function send(): void {
  feed.send(`/${format.value} ${sender.value} ${content.value}`);
}

function setFollowing(isFollowing: boolean): void {
  follow.checked = list.isFollowing = isFollowing;
  list.update();
}

list.show(shown);
for (const input of [from, kind]) input.addEventListener('change', refilter);
search.addEventListener('input', refilter);
follow.addEventListener('change', () => setFollowing(follow.checked));
// Somebody who scrolls up wants to read.
host.addEventListener('wheel', ({ deltaY }) => deltaY < 0 && setFollowing(false));
byId('clear', HTMLButtonElement).addEventListener('click', () => {
  rows = [];
  refilter();
});
broken.addEventListener('change', () => {
  if (broken.value === '') return;
  format.value = 'send-raw';
  sender.value = 'client';
  content.value = broken.value;
});
onSubmit('composer', send);
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-line]')) {
  button.addEventListener('click', () => {
    const { line = '' } = button.dataset;
    feed.send(line === 'hold' ? `/hold ${sender.value}` : line === 'edit' ? `/edit ${content.value}` : line);
  });
}
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof Element && event.target.matches('input, textarea, select');
  if (event.key === 'Enter' && event.ctrlKey) send();
  else if (isTyping) {
    if (event.key !== 'Escape') return;
    host.focus();
  } else if (event.key === '/') search.focus();
  else if (event.key === 'j' || event.key === 'ArrowDown') choose(1);
  else if (event.key === 'k' || event.key === 'ArrowUp') choose(-1);
  else if (event.key === 'Enter' && event.target === host) detail.focus();
  else return;
  event.preventDefault();
});

function choose(by: number): void {
  setFollowing(false);
  list.move(by);
}
