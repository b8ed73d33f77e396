// node:http without its ES module. That would ask for all that node:http exports, `WebSocket` among it, for which Node 22 and later
// load undici: 25 ms of each program's start.

import { createRequire } from 'node:module';

/** The module, not its functions: tests and monitoring put functions of their own there, at any time. */
export const http: typeof import('node:http') =
  // Before 20.16 there is no `getBuiltinModule`.
  process.getBuiltinModule?.('node:http') ?? createRequire(process.execPath)('node:http');
