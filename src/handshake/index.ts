/**
 * The opening handshake of both roles (RFC 6455 section 4), on header maps or raw bytes. Apart from the core, because hosts
 * often do the handshake themselves. It needs no kernel.
 *
 * @module wsimd/handshake
 */

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
