// The looks of the report. It must not know what is in it.

import { PLOT_STYLE } from '../plot/palette.js';

const PAGE_STYLE = `*{box-sizing:border-box}
body{margin:0;background:var(--background);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header,main,.runs{max-width:1180px;margin:0 auto;padding:0 16px}
header{padding-top:20px}h1{font-size:1.7rem;margin:0 0 4px}h2{font-size:1.25rem;margin:44px 0 4px;scroll-margin-top:64px}h3{font-size:1rem;margin:20px 0 4px}
a{color:inherit}p{margin:6px 0}.note,small,dt{color:var(--muted)}.note{font-size:.87rem;max-width:75ch;margin:2px 0}
.warn{border-left:4px solid var(--loss-text);background:var(--loss);padding:8px 12px;margin:12px 0}
.pick{position:absolute;opacity:0;pointer-events:none}
.runs{position:sticky;top:0;z-index:2;background:var(--background);border-bottom:1px solid var(--line);padding-top:8px;padding-bottom:8px;display:flex;gap:8px;overflow-x:auto}
.runs label{border:1px solid var(--line);border-radius:999px;padding:3px 12px;white-space:nowrap;cursor:pointer}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,360px),1fr));gap:8px 24px;align-items:start;margin-top:8px}
.run,.plots.run{display:none}
.plot{display:block;width:100%;max-width:600px;height:auto;overflow:visible}
.point:focus{outline:none}.point:focus .mark,.point.near .mark{stroke:var(--text);stroke-width:3}.point:focus .block,.point.near .block{stroke:var(--text);stroke-width:2}
#tip{position:absolute;z-index:3;max-width:min(320px,90vw);padding:6px 10px;border:1px solid var(--line);border-radius:6px;background:var(--background);color:var(--text);box-shadow:0 2px 10px #0004;font-size:13px;pointer-events:none}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px;margin:8px 0}
caption{text-align:left;color:var(--muted);padding-bottom:4px}th,td{padding:4px 10px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;vertical-align:top}
tbody th,thead th:first-child{text-align:left;font-weight:400}thead th{font-weight:600}td small,tbody th small{display:block;font-size:11px}
.overview tbody th,.demands tbody th{white-space:normal;min-width:190px}td.words{white-space:normal;text-align:left;max-width:46ch}.demands thead th{text-align:left}.demands td.miss{color:var(--loss-text)}.demands li{margin:6px 0}
td.loss{background:var(--loss);color:var(--loss-text);font-weight:600}td.miss{box-shadow:inset 3px 0 var(--loss-text)}td em{display:block;font-size:11px}
summary{cursor:pointer;color:var(--muted);padding:4px 0}.losses li::marker{color:var(--loss-text)}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;font-size:.87rem;color:var(--muted);padding:0;margin:8px 0;list-style:none}
.key{display:inline-block;vertical-align:middle;margin-right:6px}
:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
@media(max-width:640px){.demands thead{display:none}.demands tr{display:block;border-bottom:1px solid var(--line);padding:6px 0}.demands th,.demands td{display:block;border:0;padding:1px 8px}.demands tbody th{font-weight:600}.demands td em{display:inline;margin-left:8px}.demands td:last-child{color:var(--muted)}}
@media(max-width:520px){.overview tbody th{min-width:120px;max-width:150px}body{font-size:14px}h2{font-size:1.1rem}th,td{padding:4px 6px}}
@media print{.runs{position:static}}`;

/** @param runs how many there are to choose from */
export function makeStyle(runs: number): string {
  const choices = Array.from({ length: runs }, (_, i) => {
    const chosen = `#run-${i}:checked~`;
    const shown = `${chosen}main .r${i}{display:block}${chosen}main .plots.r${i}{display:grid}`;
    return `${shown}${chosen}.runs label[for=run-${i}]{background:var(--text);color:var(--background)}#run-${i}:focus-visible~.runs label[for=run-${i}]{outline:2px solid var(--c0);outline-offset:2px}`;
  });
  return `${PLOT_STYLE}\n${PAGE_STYLE}\n${choices.join('\n')}`;
}
