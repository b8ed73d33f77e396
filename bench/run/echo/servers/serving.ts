// What the echo servers on Node have in common: they say where they listen, give account of their memory when a line comes in,
// and end when their parent does. It must not know the library.

import type { AddressInfo } from 'node:net';

/** What a server on Node answers to a line, after a collection. */
export interface MemoryReport {
  readonly heap: number;
}

/** @param server that is listening */
export function serve(server: { address(): AddressInfo | string | null }): void {
  const { gc } = globalThis as { gc?: () => void };
  process.stdin.on('data', () => {
    gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const report: MemoryReport = { heap: heapUsed + arrayBuffers };
    console.log(JSON.stringify(report));
  });
  process.stdin.on('end', () => process.exit());
  console.log((server.address() as AddressInfo).port);
}
