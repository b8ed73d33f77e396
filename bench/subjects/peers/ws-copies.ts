// ws several times in one process, with its optional addons. Each copy has modules of its own, so that what V8 learns of one does
// not serve the other. It must not know what is measured.

import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';

/** The parts of ws that are measured. */
export type Ws = Pick<typeof import('ws'), 'PerMessageDeflate' | 'Receiver' | 'Sender' | 'WebSocketServer'>;

const require = createRequire(import.meta.url);
// By its path: Bun puts something of its own in place of the name.
const LIB = join(dirname(require.resolve('ws/package.json')), 'lib');

/** Either makes ws do without an addon; read once, when it is loaded. */
const NO_ADDONS = ['WS_NO_BUFFER_UTIL', 'WS_NO_UTF_8_VALIDATE'];

/** ws as its users have it who install its optional addons, as it recommends. */
export const ws: Ws = copyWs();

/**
 * The same once more, for one way of using it. A process is a server or a client, and calls Sender.send or Sender.frame:
 * where one copy did all of it, its Sender.send as a client once came to be seven times as slow as a copy of its own, which for
 * 16 bytes does the same work.
 */
export function copyWs(): Ws {
  const { cache } = require;
  const isOurs = (path: string) => path.startsWith(LIB + sep);
  for (const path of Object.keys(cache)) if (isOurs(path)) delete cache[path];
  const before = NO_ADDONS.map((name) => process.env[name]);
  for (const name of NO_ADDONS) delete process.env[name];
  try {
    return {
      PerMessageDeflate: require(join(LIB, 'permessage-deflate.js')),
      Receiver: require(join(LIB, 'receiver.js')),
      Sender: require(join(LIB, 'sender.js')),
      WebSocketServer: require(join(LIB, 'websocket-server.js')),
    };
  } finally {
    NO_ADDONS.forEach((name, i) => {
      const value = before[i];
      if (value !== undefined) process.env[name] = value;
    });
  }
}
