// The parameters of permessage-deflate (RFC 7692 section 7.1): an element of Sec-WebSocket-Extensions ↔ what it says. It
// knows the rules that hold for a parameter by itself; what may answer what is in negotiation.ts.

import { MAX_WINDOW_BITS, MIN_WINDOW_BITS } from '../../assembly/shared/deflate-layout.js';
import type { ExtensionOffer } from '../handshake/extensions.js';

export const EXTENSION_NAME = 'permessage-deflate';

/** What an offer or an answer says. */
export interface DeflateParameters {
  /** The server begins each message without what came before it. */
  readonly serverNoContextTakeover: boolean;
  /** The client does. */
  readonly clientNoContextTakeover: boolean;
  /** The server looks back 2 to the power of this, 8 to 15. Undefined: not said, which allows 15. */
  readonly serverMaxWindowBits: number | undefined;
  /** The same of the client; `true` in an offer without a value: the server may set it. */
  readonly clientMaxWindowBits: number | true | undefined;
}

const SERVER_NO_CONTEXT_TAKEOVER = 'server_no_context_takeover';
const CLIENT_NO_CONTEXT_TAKEOVER = 'client_no_context_takeover';
const SERVER_MAX_WINDOW_BITS = 'server_max_window_bits';
const CLIENT_MAX_WINDOW_BITS = 'client_max_window_bits';

/**
 * Reads the parameters of an offer or an answer.
 *
 * @returns undefined where they break a rule of section 7.1: a name that is not known or comes twice, a value where none
 *   may be, none or a bad one where one must be
 */
export function readParameters({ parameters }: ExtensionOffer): DeflateParameters | undefined {
  const values = new Map(parameters);
  if (values.size !== parameters.length) return undefined;
  let serverMaxWindowBits: number | undefined;
  let clientMaxWindowBits: number | true | undefined;
  for (const [name, value] of values) {
    switch (name) {
      case SERVER_NO_CONTEXT_TAKEOVER:
      case CLIENT_NO_CONTEXT_TAKEOVER:
        if (value !== true) return undefined;
        break;
      case SERVER_MAX_WINDOW_BITS:
        serverMaxWindowBits = readWindowBits(value);
        if (serverMaxWindowBits === undefined) return undefined;
        break;
      case CLIENT_MAX_WINDOW_BITS:
        clientMaxWindowBits = value === true ? true : readWindowBits(value);
        if (clientMaxWindowBits === undefined) return undefined;
        break;
      default:
        return undefined;
    }
  }
  return {
    serverNoContextTakeover: values.has(SERVER_NO_CONTEXT_TAKEOVER),
    clientNoContextTakeover: values.has(CLIENT_NO_CONTEXT_TAKEOVER),
    serverMaxWindowBits,
    clientMaxWindowBits,
  };
}

/** Writes them as an element of Sec-WebSocket-Extensions. */
export function formatParameters(said: DeflateParameters): ExtensionOffer {
  const parameters: [string, string | true][] = [];
  if (said.serverNoContextTakeover) parameters.push([SERVER_NO_CONTEXT_TAKEOVER, true]);
  if (said.clientNoContextTakeover) parameters.push([CLIENT_NO_CONTEXT_TAKEOVER, true]);
  if (said.serverMaxWindowBits !== undefined) {
    parameters.push([SERVER_MAX_WINDOW_BITS, String(said.serverMaxWindowBits)]);
  }
  if (said.clientMaxWindowBits !== undefined) {
    const value = said.clientMaxWindowBits;
    parameters.push([CLIENT_MAX_WINDOW_BITS, value === true ? true : String(value)]);
  }
  return { name: EXTENSION_NAME, parameters };
}

/** Sections 7.1.2.1, 7.1.2.2: a decimal number without leading zeros, 8 to 15. */
function readWindowBits(value: string | true): number | undefined {
  if (value === true || !/^[1-9][0-9]?$/.test(value)) return undefined;
  const bits = Number(value);
  return bits >= MIN_WINDOW_BITS && bits <= MAX_WINDOW_BITS ? bits : undefined;
}
