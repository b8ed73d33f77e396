// The end-to-end table of docs/benchmarks.md: messages per second of the server's CPU time, beside other servers. It does not
// touch files.

import type { RunResult } from '../../core/results.js';
import { formatRatio, isLoss } from '../../targets/judge.js';

const BARE = 'a bare socket of Node';
const PAIRS = [
  { subject: 'wsimd', peer: 'ws', name: '`ws`' },
  { subject: 'wsimd direct', peer: 'ws', name: '`ws`, with `directReads`' },
  { subject: 'wsimd', peer: 'Bun', name: '`Bun.serve`' },
  { subject: 'wsimd', peer: 'Deno', name: '`Deno.serve`' },
  { subject: 'wsimd', peer: 'bare socket', name: BARE },
] as const;
const BARE_NOTE =
  ' The bare socket does no WebSocket: it counts the bytes that come and writes as many prepared ones back, so its rows say what share of what Node makes possible is reached.';
const SIZES = ['64', '1024', '16384', '1048576'];
const HEADS = ['64 B', '1 KiB', '16 KiB', '1 MiB'];
const ROWS = [
  { name: 'echo, 16 in flight: text', group: 'echo/text-16/cpu' },
  { name: 'echo, 16 in flight: binary', group: 'echo/binary-16/cpu' },
  { name: 'echo, one in flight: text', group: 'echo/text-1/cpu' },
  { name: 'echo, one in flight: binary', group: 'echo/binary-1/cpu' },
  { name: 'broadcast to 1,000', group: 'echo/broadcast/cpu' },
] as const;

/** @returns nothing for a run in which no server was measured */
export function describeEndToEnd({ groups }: RunResult): string[] {
  const rows = ROWS.flatMap(({ name, group }) => {
    const cases = groups.find(({ id }) => id === group)?.cases;
    return PAIRS.flatMap(({ subject, peer, name: against }) => {
      const cells = SIZES.map((size) => {
        const ratios = cases?.find(({ label }) => label === size)?.ratios;
        const ratio = ratios?.find((one) => one.subject === subject && one.peer === peer);
        if (ratio === undefined) return '–';
        return isLoss(ratio) ? `**${formatRatio(ratio.median)}**` : formatRatio(ratio.median);
      });
      return cells.every((cell) => cell === '–') ? [] : [`| ${name} | ${against} | ${cells.join(' | ')} |`];
    });
  });
  if (rows.length === 0) return [];
  const hasBare = rows.some((row) => row.includes(BARE));
  return [
    `End to end: \`WebSocketServer\` on 64 connections over loopback, the load in a process of its own that compares every byte. Messages for each second of the server's processor, as a multiple of the peer's.${hasBare ? BARE_NOTE : ''}`,
    [`| | against | ${HEADS.join(' | ')} |`, `|---|---|${'---:|'.repeat(SIZES.length)}`, ...rows].join('\n'),
  ];
}
