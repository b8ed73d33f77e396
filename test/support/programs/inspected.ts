// `wsimd inspect` on bytes that a test has made: what it tells with --json, and the heads of a handshake. It starts the program, and
// knows nothing of the formats that it reads.

import { runWsimdOn } from '../servers/serve.js';

/** A handshake that succeeds. */
export const REQUEST =
  'GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
export const RESPONSE =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/** What the program has told, one object a line. */
export interface Told {
  readonly type: string;
  readonly [name: string]: unknown;
}

export interface Inspected {
  readonly code: number | null;
  readonly told: readonly Told[];
  readonly stderr: string;
}

export async function inspectJson(input: Uint8Array, ...options: string[]): Promise<Inspected> {
  const { code, stdout, stderr } = await runWsimdOn(input, 'inspect', '--json', ...options, '-');
  return { code, told: toldIn(stdout), stderr };
}

export function toldIn(stdout: string): Told[] {
  const lines = stdout.split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Told);
}

export function ofType(told: readonly Told[], type: string): Told[] {
  return told.filter((entry) => entry.type === type);
}

/** The messages, as `→hello`. */
export function messagesOf(told: readonly Told[]): string[] {
  return ofType(told, 'message').map(({ from, payload }) => {
    const { text, hex } = payload as { text?: string; hex?: string };
    return `${from === 'client' ? '→' : '←'}${text ?? hex}`;
  });
}
