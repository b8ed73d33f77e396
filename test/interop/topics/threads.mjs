import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { ThreadRelay } from 'wsimd/node';
import { startMember } from './member.mjs';

const port = await startMember(new ThreadRelay());
if (isMainThread) {
  process.send({ port });
  new Worker(fileURLToPath(import.meta.url)).on('message', (message) => process.send(message));
  process.on('disconnect', () => process.exit());
} else {
  parentPort.postMessage({ port });
}
