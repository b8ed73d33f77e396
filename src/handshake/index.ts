// The public face of the handshake (`wsimd/handshake`), both roles: apart from the core, whose users often get their sockets
// from a host that has done it. It needs no kernel.

export { acceptKey, createKey, isValidKey } from './accept-key.js';
export {
  type ClientRequest,
  type CreateRequestOptions,
  checkResponse,
  createRequest,
  type ResponseAccepted,
  type ResponseRejected,
} from './client.js';
export { type ExtensionOffer, formatExtensions, parseExtensions } from './extensions.js';
export {
  encodeLatin1,
  HeadReader,
  MAX_HEAD_LENGTH,
  MAX_HEADER_COUNT,
  type ParsedRequestHead,
  type ParsedResponseHead,
  parseRequestHead,
  parseResponseHead,
  type ReceivedHead,
  type RequestHead,
  type ResponseHead,
} from './head.js';
export { fromRawHeaders, HeaderList, type HeadersInput } from './headers.js';
export type { OriginOptions, OriginPolicy } from './origin.js';
export {
  type CheckRequestOptions,
  checkRequest,
  type HandshakeAccepted,
  type HandshakeRejected,
  rejectRequest,
  writeRejection,
  writeResponse,
} from './server.js';
