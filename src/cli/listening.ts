// Listens on an address, and says how to reach it, for the commands that are servers.

import type { AddressInfo, Server } from 'node:net';
import { CommandError } from './command.js';

/** @param option the one that names the port @throws CommandError if the address cannot be had */
export async function listen(server: Server, port: number, host: string, option = '--port'): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const hint = code === 'EADDRINUSE' ? `the port is taken; another can be named with ${option}` : message;
    throw new CommandError(`cannot listen on ${host}, port ${port}: ${hint}`);
  }
}

/** Host and port as a URL has them; an address that means all of them is reached as localhost. */
export function authorityOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `localhost:${port}`;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
