// What a hostile script is.

import type { Configuration, ConfigurationName } from './configurations.js';
import type { Target } from './target.js';

export interface Script {
  readonly name: string;
  /** What the peer does, in one sentence. */
  readonly does: string;
  /** Where it makes sense; default: everywhere on HTTP/1.1. */
  readonly runsOn?: (configuration: Configuration, name: ConfigurationName) => boolean;
  /** @throws Error where the server does not do what it must */
  run(target: Target): Promise<void>;
}

export const onHttp1 = ({ transport }: Configuration): boolean => transport !== 'http2';
/** For scripts behind the handshake. */
export const withFrames = (configuration: Configuration): boolean =>
  onHttp1(configuration) && configuration.meetsFrames;
export const onHttp2 = ({ transport }: Configuration): boolean => transport === 'http2';
