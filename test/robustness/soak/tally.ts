// What the load counts, and the faults that it finds.

export class Tally {
  messages = 0;
  bytes = 0;
  echoed = 0;
  pings = 0;
  pongs = 0;
  /** Messages under way when the load itself cut the connection. */
  abandoned = 0;
  /** Bytes of messages to and from connections that compress, which wait for zlib in this process. */
  compressedUnderWay = 0;
  opened = 0;
  closed = 0;
  aborted = 0;
  /** Of each attack: what came of it, and how often. */
  readonly attacks = new Map<string, Map<string, number>>();
  readonly faults: string[] = [];
  faultCount = 0;
  readonly #start = performance.now();

  attacked(name: string, outcome: string): void {
    const outcomes = this.attacks.get(name) ?? new Map<string, number>();
    this.attacks.set(name, outcomes);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }

  fault(what: string): void {
    this.faultCount++;
    const seconds = (performance.now() - this.#start) / 1000;
    if (this.faults.length < 50) this.faults.push(`${seconds.toFixed(1)} s: ${what}`);
  }
}
