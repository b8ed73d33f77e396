// An echo server that bounds the rate of handshakes, of each address and altogether: `node handshake-rate.mjs`, then connect to
// ws://localhost:8080 often. Clients beyond that get 429, before anything is allocated for a connection. Behind a proxy, take the address
// from the header that your proxy sets, and from nobody else's.

import { WebSocketServer } from 'wsimd/node';

/** Tokens: each handshake takes one, and so many come back a second. */
const PER_ADDRESS = { burst: 10, perSecond: 1 };
const ALTOGETHER = { burst: 200, perSecond: 100 };
/** Addresses that are remembered. An attacker that has more is bounded by the rate of all together. */
const MAX_ADDRESSES = 10_000;

class Bucket {
  #tokens;
  #limit;
  #filledAt = performance.now();

  constructor(limit) {
    this.#limit = limit;
    this.#tokens = limit.burst;
  }

  /** Whether there was a token to take. */
  take() {
    const now = performance.now();
    const { burst, perSecond } = this.#limit;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

const altogether = new Bucket(ALTOGETHER);
/** By address, the one that was used last at the end. */
const byAddress = new Map();

function bucketOf(address) {
  const bucket = byAddress.get(address) ?? new Bucket(PER_ADDRESS);
  byAddress.delete(address);
  byAddress.set(address, bucket);
  if (byAddress.size > MAX_ADDRESSES) byAddress.delete(byAddress.keys().next().value);
  return bucket;
}

const server = new WebSocketServer({
  port: Number(process.env.PORT ?? 8080),
  host: '127.0.0.1',
  // A client that does not finish its request holds a socket: 10 seconds at most. No more connections than the memory is sized for.
  handshakeTimeout: 10_000,
  maxConnections: 5000,
  verifyClient({ req }, answer) {
    // First that of the address: what one address asks for too often must not use up the rate of the others.
    if (bucketOf(req.socket.remoteAddress).take() && altogether.take()) answer(true);
    else answer(false, 429, 'Too many handshakes', { 'Retry-After': '10' });
  },
});

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', (error) => console.log(error.code, error.message));
});
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
