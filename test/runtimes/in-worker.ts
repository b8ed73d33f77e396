// The conformance suite in workerd: a Worker that is sent the texts of the vector files, and answers with what came of it.
// The kernels are named in the request's address. It imports wsimd, wsimd/handshake and wsimd/deflate as a Worker does, under
// the condition `workerd`.

import * as handshake from '../../src/handshake/index.js';
import type { KernelName } from '../../src/index.js';
import * as compression from '../../src/workerd/deflate.js';
import * as implementation from '../../src/workerd/index.js';
import { replayAll } from './replay-all.js';

export default {
  async fetch(request: Request): Promise<Response> {
    try {
      const kernels = new URL(request.url).searchParams.getAll('kernel') as KernelName[];
      const whole = { ...implementation, ...handshake, ...compression };
      return Response.json(await replayAll(whole, await request.json(), kernels));
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};
