/**
 * A test kit, for every runtime: two connections joined in memory, a virtual clock, the faults of networks, and the replay of captures.
 *
 * @module wsimd/testing
 */

export { ConnectedPair, type ConnectedPairOptions, type PairCompression } from './connected-pair.js';
export { type Faults, type RandomFaultsOptions, randomFaults, seededRandom } from './faults.js';
export { type RecordedBytes, type Recording, readRecordings, recordedBytes } from './recordings.js';
export { type Replayed, type ReplayOptions, replay } from './replay.js';
export type { TestEnd } from './test-end.js';
export { VirtualClock } from './virtual-clock.js';
