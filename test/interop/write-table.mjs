// Writes the table of docs/reference/interop.md from what the interop tests found in this checkout (build/interop/), so that no version in
// it is typed by hand: `npx vitest run test/interop && node test/interop/write-table.mjs`.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const FOLDER = new URL('../../build/interop/', import.meta.url);
const PAGE = new URL('../../docs/reference/interop.md', import.meta.url);
const [BEGIN, END] = ['<!-- interop: begin -->\n', '<!-- interop: end -->\n'];

const found = readdirSync(FOLDER)
  .sort()
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')));
const isSame = (a, b) => a.peer === b.peer && a.role === b.role;
const agreements = found.filter(({ version }) => version === undefined);
const rows = found
  .filter(({ version }) => version !== undefined)
  .map((result) => ({ ...result, ...agreements.find((other) => isSame(other, result)) }))
  .map(({ peer, version, role, schemes, tried, agreements }) => {
    const deflate = agreements > 0 ? `${agreements} different answers` : '–';
    return `| ${[peer, version, role, schemes.map((scheme) => `${scheme}:`).join(' '), tried.join(', '), deflate].join(' | ')} |`;
  });
const table = [
  '| Peer | Version | Its role | Over | Beside messages | permessage-deflate |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rows,
];

const page = readFileSync(PAGE, 'utf8');
const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
if (begin < 0 || end < begin) throw new Error('docs/reference/interop.md has lost its marks');
writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${table.join('\n')}\n\n${page.slice(end)}`);
console.log(`${rows.length} rows`);
