// The servers that hostile scripts are run against. Names and facts for both processes; how each is started is in victim.ts.

export interface Configuration {
  readonly transport: 'tcp' | 'tls' | 'http2';
  /** HTTP/2 over TLS. */
  readonly isSecure: boolean;
  /** Where the echo is. */
  readonly path: string;
  readonly hasDeflate: boolean;
  /** Another listener for upgrades sits on the same HTTP server, and ignores paths that it does not know. */
  readonly isBeside: boolean;
  /** `verifyClient` answers 40 ms later: `/refuse` with 401, everything else with yes. */
  readonly verifiesLate: boolean;
  /**
   * Which scripts are run against it, so that each is run where it may matter and the test does not take minutes; `own`: only those
   * that name it.
   */
  readonly meets: 'handshakes' | 'frames' | 'all' | 'own';
  /** Kilobytes of address space that the process may have, as `ulimit -v` counts them. */
  readonly addressSpace?: number;
}

const base: Configuration = {
  ...{ transport: 'tcp', path: '/', hasDeflate: false, isBeside: false, verifiesLate: false, meets: 'handshakes' },
  isSecure: false,
};

export const CONFIGURATIONS = {
  plain: base,
  deflate: { ...base, hasDeflate: true, meets: 'frames' },
  'late verifyClient': { ...base, verifiesLate: true, hasDeflate: true },
  'beside another listener': { ...base, isBeside: true, path: '/ws' },
  noServer: { ...base, path: '/ws' },
  'listeners that throw': { ...base, meets: 'frames' },
  'headers from the request': base,
  'a short close timeout, direct reads': { ...base, hasDeflate: true, meets: 'frames' },
  tls: { ...base, transport: 'tls', hasDeflate: true, meets: 'all' },
  'tls, late verifyClient': { ...base, transport: 'tls', verifiesLate: true },
  http2: { ...base, transport: 'http2', hasDeflate: true, meets: 'all' },
  'http2 over tls': { ...base, transport: 'http2', isSecure: true, hasDeflate: true, meets: 'all' },
  'http2, late verifyClient': { ...base, transport: 'http2', verifiesLate: true },
  /** The listener adds `Keep-Alive`. */
  'http2, a `headers` listener': { ...base, transport: 'http2' },
  'http2, beside another listener': { ...base, transport: 'http2', isBeside: true, path: '/ws' },
  // One WebAssembly memory reserves 10 GB of addresses: the second one cannot be made.
  'little address space': { ...base, hasDeflate: true, addressSpace: 14_000_000 },
  /** Texts are given to listeners as strings, and the engine makes none longer than 256 KiB. */
  'short strings': { ...base, hasDeflate: true, meets: 'own' },
  /** What Node takes for itself, and a few hundred MiB for messages: that is less than `maxPayload`. */
  'little memory': { ...base, meets: 'own', addressSpace: 2_200 * 1024 },
} as const satisfies Record<string, Configuration>;

export type ConfigurationName = keyof typeof CONFIGURATIONS;
