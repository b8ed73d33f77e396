// The others (ws, its addons), set up as their users set them up, at their best. It must not know what is measured.

import * as http from 'node:http';
import bufferutil from 'bufferutil';
import isValidUTF8 from 'utf-8-validate';
import type { Receiver } from 'ws';
import type { Role } from '../../../src/index.js';
import { ws } from './ws-copies.js';

const MIB = 1024 * 1024;

/** A Receiver with the options that ws gives it by default. @param onMessage what its user listens with */
export function createReceiver(role: Role, onMessage: (data: Buffer, isBinary: boolean) => void): Receiver {
  const receiver = new ws.Receiver({
    allowSynchronousEvents: true,
    binaryType: 'nodebuffer',
    extensions: {},
    isServer: role === 'server',
    maxBufferedChunks: 256 * 1024,
    maxFragments: 16 * 1024,
    maxPayload: 100 * MIB,
    skipUTF8Validation: false,
  });
  receiver.on('message', onMessage);
  receiver.on('error', (error) => {
    throw error;
  });
  return receiver;
}

/** A Buffer with memory of its own, as a read from a socket has it. */
export function toOwnBuffer(bytes: Uint8Array): Buffer {
  const buffer = Buffer.allocUnsafeSlow(bytes.length);
  buffer.set(bytes);
  return buffer;
}

/** How each peer does its work here: an addon may have fallen back to JavaScript, and ws prefers Node's own masking. */
export const peerKinds: Readonly<Record<string, string>> = {
  ws: 'websocketMask' in http ? 'masks with node:http' : 'masks with bufferutil',
  bufferutil: kindOf(bufferutil.unmask),
  'utf-8-validate': kindOf(isValidUTF8),
};

function kindOf(member: object): string {
  return Function.prototype.toString.call(member).includes('[native code]') ? 'native' : 'JavaScript';
}
