// Price updates as JSON, the same in every run.

import { Random } from '../../core/inputs.js';

const SYMBOLS = Array.from({ length: 40 }, (_, i) => `SYM${String.fromCharCode(65 + (i % 26))}${i}`);
const EXCHANGES = ['XNYS', 'XNAS', 'XLON'];

/** @param length about so many bytes each @param seed others make other updates */
export function makeUpdates(count: number, length: number, seed: number): string[] {
  const source = new Random(seed);
  const random = () => source.next();
  const pick = <T>(from: readonly T[]): T => from[random() % from.length]!;
  return Array.from({ length: count }, (_, at) => {
    const prices: object[] = [];
    const update = { type: 'update', at: 1_700_000_000_000 + at, prices };
    while (JSON.stringify(update).length < length) {
      const bid = (random() % 1_000_000) / 100;
      prices.push({
        symbol: pick(SYMBOLS),
        bid,
        ask: bid + 0.25,
        volume: random() % 100_000,
        exchange: pick(EXCHANGES),
      });
    }
    return JSON.stringify(update);
  });
}
