// The load: as many connections as are asked for, most of peers that keep the rules, some mute, and attacks all the time. It
// does so many things a second, however fast the server is.

import { createRandom } from '../../support/inputs/random.js';
import { ATTACKS, type Attack, MUTE } from './peers/attacks.js';
import { EchoPeer } from './peers/echo-peer.js';
import { attack } from './peers/hostile-peer.js';
import { Tally } from './tally.js';

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Messages and pings a second, over all connections; the rest goes by it. */
  readonly rate: number;
  /** Milliseconds between the server's pings. */
  readonly heartbeat: number;
  readonly seed: number;
}

const TICK = 20;
/** Connections that are opened a second, so that the first moment is not a storm. */
const OPENED_A_SECOND = 250;
const PATHS = ['/plain', '/plain', '/plain', '/takeover', '/fresh'];
/** Of all things done, these: cut a connection, close it, leave it unread for a while, attack. One in so many. */
const ABORT = 200;
const CLOSE = 200;
const STALL = 100;
const ATTACK = 25;
/** After this long without an end an attack has hung. */
const PATIENCE = 90_000;

export class Load {
  readonly tally = new Tally();
  readonly #options: LoadOptions;
  readonly #random: () => number;
  readonly #peers = new Set<EchoPeer>();
  readonly #attacks = new Set<Promise<void>>();
  readonly #weights: readonly Attack[];
  readonly #timer: NodeJS.Timeout;
  #mute = 0;
  #actions = 0;
  #openings = 0;
  #count = 0;
  #last = performance.now();

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed);
    this.#weights = ATTACKS.flatMap((what) => Array<Attack>(what.weight ?? 10).fill(what));
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  /** Closes what keeps the rules, waits for all attacks. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const closed = [...this.#peers].map((peer) => peer.closed);
    for (const peer of this.#peers) peer.close();
    await Promise.all([...closed, ...this.#attacks]);
  }

  #tick(): void {
    const now = performance.now();
    // A moment in which the machine did something else is not made up for.
    const seconds = Math.min(now - this.#last, 5 * TICK) / 1000;
    this.#last = now;
    this.#openings += OPENED_A_SECOND * seconds;
    this.#actions += this.#options.rate * seconds;
    this.#open();
    const peers = [...this.#peers];
    for (; this.#actions >= 1; this.#actions--) if (peers.length > 0) this.#act(this.#pick(peers));
  }

  #open(): void {
    const { connections } = this.#options;
    for (; this.#openings >= 1; this.#openings--) {
      if (this.#mute < Math.ceil(connections * 0.03)) {
        this.#mute++;
        this.#attack(this.#pick(MUTE), () => this.#mute--);
      } else if (this.#peers.size + this.#mute < connections) {
        this.#openPeer();
      } else {
        this.#openings = 0;
        return;
      }
    }
  }

  #openPeer(): void {
    const peer = new EchoPeer(this.#options.port, this.#pick(PATHS), String(++this.#count), this.#random, this.tally);
    this.#peers.add(peer);
    void peer.closed.then(() => this.#peers.delete(peer));
  }

  #act(peer: EchoPeer): void {
    const random = this.#random;
    if (random() % ATTACK === 0) this.#attack(this.#pick(this.#weights));
    if (!peer.isReady) return;
    if (random() % ABORT === 0) peer.abort();
    else if (random() % CLOSE === 0) peer.close();
    else {
      if (random() % STALL === 0) peer.stall(random() % (this.#options.heartbeat / 4));
      peer.act();
    }
  }

  #attack(what: Attack, whenDone: () => void = () => {}): void {
    const running = attack(this.#options.port, what, PATIENCE + 2 * this.#options.heartbeat).then((outcome) => {
      this.#attacks.delete(running);
      this.tally.attacked(what.name, outcome);
      if (outcome !== what.outcome) this.tally.fault(`${what.name}: ${outcome}, not ${what.outcome}`);
      whenDone();
    });
    this.#attacks.add(running);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random() % values.length]!;
  }
}
