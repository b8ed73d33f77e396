// What the load generator is told, and what it answers. It must not know how either is done.

interface Target {
  readonly port: number;
  readonly connections: number;
}

/** Opens connections and sends nothing: they stay until the next job. */
export interface IdleJob extends Target {
  readonly kind: 'idle';
}

/** Sends messages, and the next as each comes back. */
export interface TrafficJob extends Target {
  /** `'broadcast'`: one connection sends, all receive. */
  readonly kind: 'echo' | 'broadcast';
  /** Of the server: whose processor time is counted. */
  readonly pid: number;
  readonly isText: boolean;
  readonly size: number;
  /** Messages on their way, on each connection that sends. */
  readonly inFlight: number;
  /** Milliseconds before the counting begins, and of it. */
  readonly warmup: number;
  readonly window: number;
}

export type Job = IdleJob | TrafficJob;

export interface Answer {
  readonly error?: string;
  /** Messages that came back while it was counting. */
  readonly messages: number;
  readonly nanoseconds: number;
  /** Of the server's processor time. */
  readonly cpuNanoseconds: number;
}
