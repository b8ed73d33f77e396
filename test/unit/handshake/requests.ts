import { expect } from 'vitest';
import type { ExtensionOffer } from '../../../src/handshake/extensions.js';
import type { RequestHead } from '../../../src/handshake/head.js';
import {
  type CheckRequestOptions,
  checkRequest,
  type HandshakeAccepted,
  type HandshakeRejected,
} from '../../../src/handshake/server.js';

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
export const DEFLATE: ExtensionOffer = { name: 'permessage-deflate', parameters: [['client_max_window_bits', true]] };

export const HEADERS: Readonly<Record<string, string>> = {
  Host: 'example.com',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': KEY,
  'Sec-WebSocket-Version': '13',
};

/** A request by the rules, with these headers changed, added, or (undefined) taken away. */
export function request(
  headers: Readonly<Record<string, string | readonly string[] | undefined>> = {},
  head: Partial<RequestHead> = {},
): RequestHead {
  return { method: 'GET', target: '/chat', version: '1.1', headers: { ...HEADERS, ...headers }, ...head };
}

export function accepted(from: RequestHead, options?: CheckRequestOptions): HandshakeAccepted {
  const verdict = checkRequest(from, options);
  if (!verdict.ok) throw verdict.error;
  return verdict;
}

export function rejected(from: RequestHead, options?: CheckRequestOptions): HandshakeRejected {
  const verdict = checkRequest(from, options);
  if (verdict.ok) throw new Error('accepted');
  expect(verdict.status).toBe(verdict.error.status);
  return verdict;
}

export function verdictOf(from: RequestHead, options?: CheckRequestOptions): [number, string] {
  const { status, error } = rejected(from, options);
  return [status, error.code];
}

/** Of a response, what stands before its body. */
export function headOf(response: string): string {
  return response.slice(0, response.indexOf('\r\n\r\n') + 4);
}
