// What the page's ticker and `wsimd serve` agree on. It imports nothing: both sides import it.
//
// Each connection to TICKER_PATH is a subscriber of one topic. Its first message is a snapshot of all prices, the topic's primer;
// updates of some of them follow. A connection to METER_PATH gets the figures at once, and before each update.

export const TICKER_PATH = '/ticker';
export const METER_PATH = '/ticker/meter';

/** One price. */
export interface Quote {
  readonly symbol: string;
  readonly bid: number;
  readonly ask: number;
  readonly volume: number;
}

/** A message of the topic. */
export interface Prices {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly quotes: readonly Quote[];
}

/** What all subscribers have been sent since the server started: frames with their headers. */
export interface Figures {
  readonly subscribers: number;
  /** Messages, counted once for each receiver. */
  readonly deliveries: number;
  /** Bytes of them uncompressed. */
  readonly plain: number;
  /** Bytes if each message is compressed by itself, as Node's zlib does it. */
  readonly alone: number;
  /** Bytes as the sockets have counted them. */
  readonly sent: number;
}
