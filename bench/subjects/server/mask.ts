// Which code masks for `ws` in this process: Node's own since 26.12, else the addon bufferutil, else JavaScript.

import * as http from 'node:http';
import bufferutil from 'bufferutil';

export function describeMask(): string {
  if ('websocketMask' in http) return 'node:http';
  const isNative = Function.prototype.toString.call(bufferutil.mask).includes('[native code]');
  return isNative ? 'bufferutil' : 'JavaScript';
}
