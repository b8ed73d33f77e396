// Whether a socket's memory can be reused once it says that it has written: programs put a `write` of their own in the place of
// Node's, to inject latency or to record, and mocks replace what lies below it.

import { Socket } from 'node:net';
import { type Duplex, Writable } from 'node:stream';

const { write: nodeWrite } = Writable.prototype;
/** A socket with what Node's own `write` goes through. */
type NodeSocket = Socket & {
  readonly _writeGeneric?: unknown;
  readonly _handle?: { readonly writeBuffer?: unknown } | null;
};
const {
  _write: socketWrite,
  _writev: socketWritev,
  _writeGeneric: socketWriteGeneric,
} = Socket.prototype as NodeSocket;

/**
 * Whether what this socket calls written has been handed to the system: of Node's own sockets, unless a program has put another
 * `write` in their place. Any other stream may keep the memory.
 */
export function writesAsNode(socket: Duplex): boolean {
  return (
    isNodeSocket(socket) &&
    socket.write === nodeWrite &&
    socket._write === socketWrite &&
    socket._writev === socketWritev &&
    socket._writeGeneric === socketWriteGeneric &&
    hasOwnHandle(socket)
  );
}

function isNodeSocket(socket: Duplex): socket is NodeSocket {
  return socket instanceof Socket;
}

/** Its handle writes as others of its class do: a mock of a handle replaces the method on the object. */
function hasOwnHandle({ _handle: handle }: NodeSocket): boolean {
  return !handle || handle.writeBuffer === Object.getPrototypeOf(handle).writeBuffer;
}
