// The servers that hostile scripts are run against. Names and facts for both processes; how each is started is in victim.ts.

export interface Configuration {
  readonly transport: 'tcp' | 'tls' | 'http2';
  /** Where the echo is. */
  readonly path: string;
  readonly hasDeflate: boolean;
  /** Another listener for upgrades sits on the same HTTP server, and ignores paths that it does not know. */
  readonly isBeside: boolean;
  /** `verifyClient` answers 40 ms later: `/refuse` with 401, everything else with yes. */
  readonly verifiesLate: boolean;
  /** Frames behind the handshake are decoded as everywhere: the scripts that send such are run against some servers only. */
  readonly meetsFrames: boolean;
  /** Kilobytes of address space that the process may have, as `ulimit -v` counts them. */
  readonly addressSpace?: number;
}

const base: Configuration = {
  ...{ transport: 'tcp', path: '/', hasDeflate: false, isBeside: false, verifiesLate: false, meetsFrames: false },
};

export const CONFIGURATIONS = {
  plain: { ...base, meetsFrames: true },
  deflate: { ...base, hasDeflate: true, meetsFrames: true },
  'late verifyClient': { ...base, verifiesLate: true, hasDeflate: true },
  'beside another listener': { ...base, isBeside: true, path: '/ws' },
  noServer: { ...base, path: '/ws' },
  'listeners that throw': { ...base, meetsFrames: true },
  'headers from the request': base,
  'a short close timeout, direct reads': { ...base, hasDeflate: true, meetsFrames: true },
  tls: { ...base, transport: 'tls', hasDeflate: true, meetsFrames: true },
  'tls, late verifyClient': { ...base, transport: 'tls', verifiesLate: true },
  http2: { ...base, transport: 'http2', hasDeflate: true },
  'http2, late verifyClient': { ...base, transport: 'http2', verifiesLate: true },
  'http2, beside another listener': { ...base, transport: 'http2', isBeside: true, path: '/ws' },
  // One WebAssembly memory reserves 10 GB of addresses: the second one cannot be made.
  'little address space': { ...base, hasDeflate: true, addressSpace: 14_000_000 },
} as const satisfies Record<string, Configuration>;

export type ConfigurationName = keyof typeof CONFIGURATIONS;
