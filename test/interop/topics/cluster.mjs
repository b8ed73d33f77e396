import cluster from 'node:cluster';
import { ClusterRelay } from 'wsimd/node';
import { startMember } from './member.mjs';

if (cluster.isPrimary) {
  ClusterRelay.forward();
  cluster.on('message', (_worker, message) => {
    if (message.port !== undefined) process.send(message);
  });
  cluster.fork();
  cluster.fork();
  process.on('disconnect', () => process.exit());
} else {
  process.send({ port: await startMember(new ClusterRelay()) });
}
