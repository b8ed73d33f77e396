// What a hostile script is.

import type { Configuration, ConfigurationName } from '../victims/configurations.js';
import type { Target } from './target.js';

export interface Script {
  readonly name: string;
  /** What the peer does, in one sentence. */
  readonly does: string;
  /** Where it makes sense; default: `onHttp1`. */
  readonly runsOn?: (configuration: Configuration, name: ConfigurationName) => boolean;
  /** @throws Error where the server does not do what it must */
  run(target: Target): Promise<void>;
}

/** For scripts before and in the handshake. */
export const onHttp1 = ({ transport, meets }: Configuration): boolean =>
  transport !== 'http2' && (meets === 'handshakes' || meets === 'all');
/** For scripts behind the handshake, on every transport. */
export const withFrames = ({ meets }: Configuration): boolean => meets === 'frames' || meets === 'all';
export const onHttp2 = ({ transport }: Configuration): boolean => transport === 'http2';
