// What a server answers to offers of permessage-deflate, and whether an answer is right for a client (RFC 7692 sections 5
// and 7.1). Pure functions: they know no connection and no memory.

import { MAX_WINDOW_BITS } from '../../assembly/shared/deflate-layout.js';
import type { ExtensionOffer } from '../handshake/extensions.js';
import type { Role } from '../protocol/role.js';
import { type DeflateParameters, EXTENSION_NAME, readParameters } from './parameters.js';

/** What this side wants of each direction. */
export interface NegotiationWish {
  /** Keep what was sent before as context for what is sent. */
  readonly deflateTakeover: boolean;
  /** Let the peer do that. */
  readonly inflateTakeover: boolean;
  /** The largest window for what is sent, as far as the context is kept. */
  readonly deflateWindowBits: number;
  /** The largest window that the peer is asked to use. Undefined: nothing is asked. */
  readonly inflateWindowBits: number | undefined;
}

/** The negotiated parameters, as one side sees them. */
export interface Agreement {
  readonly deflateTakeover: boolean;
  readonly inflateTakeover: boolean;
  /** No match that we send may reach back further than 2 to the power of this. */
  readonly deflateWindowBits: number;
  /** No match that the peer sends does. */
  readonly inflateWindowBits: number;
}

/**
 * A server's answer: to the first offer that is well-formed, of which there is none that cannot be answered.
 *
 * @param wishFor the parameters that the server wants for this offer
 * @returns undefined where every offer is declined
 */
export function answerOffers(
  offers: readonly ExtensionOffer[],
  wishFor: (offered: DeflateParameters) => NegotiationWish,
): DeflateParameters | undefined {
  for (const offer of offers) {
    const offered = offer.name === EXTENSION_NAME ? readParameters(offer) : undefined;
    if (offered !== undefined) return answerOffer(offered, wishFor(offered));
  }
  return undefined;
}

function answerOffer(offered: DeflateParameters, wish: NegotiationWish): DeflateParameters {
  return {
    // Section 7.1.1.1: a server asked for this must comply. It may also volunteer it: the client then needs no window.
    serverNoContextTakeover: offered.serverNoContextTakeover || !wish.deflateTakeover,
    // Section 7.1.1.2: the offer is the client's promise, the answer alone is the server's demand.
    clientNoContextTakeover: offered.clientNoContextTakeover || !wish.inflateTakeover,
    // Section 7.1.2.1. What the client did not ask for is kept to without a word.
    serverMaxWindowBits:
      offered.serverMaxWindowBits === undefined
        ? undefined
        : Math.min(offered.serverMaxWindowBits, wish.deflateWindowBits),
    clientMaxWindowBits: clientWindowBits(offered, wish),
  };
}

/** Section 7.1.2.2: only a client that offers the parameter can be told how far it may look back. */
function clientWindowBits(offered: DeflateParameters, wish: NegotiationWish): number | undefined {
  const { clientMaxWindowBits } = offered;
  if (clientMaxWindowBits === undefined) return undefined;
  const most = clientMaxWindowBits === true ? MAX_WINDOW_BITS : clientMaxWindowBits;
  const bits = Math.min(most, wish.inflateWindowBits ?? MAX_WINDOW_BITS);
  return bits === MAX_WINDOW_BITS ? undefined : bits;
}

/** A client's offer. */
export function makeOffer(wish: NegotiationWish): DeflateParameters {
  return {
    serverNoContextTakeover: !wish.inflateTakeover,
    clientNoContextTakeover: !wish.deflateTakeover,
    serverMaxWindowBits: wish.inflateWindowBits === MAX_WINDOW_BITS ? undefined : wish.inflateWindowBits,
    clientMaxWindowBits: true,
  };
}

/** Whether a server may give this answer to this offer. */
export function isAnswerTo(answer: DeflateParameters, offered: DeflateParameters): boolean {
  // Section 7.1.1.1: a server that accepts the offer says the parameter itself.
  if (offered.serverNoContextTakeover && !answer.serverNoContextTakeover) return false;
  // Section 7.1.2.1: the same, with a window no larger than was asked for.
  if (
    offered.serverMaxWindowBits !== undefined &&
    !(windowBits(answer.serverMaxWindowBits) <= offered.serverMaxWindowBits)
  ) {
    return false;
  }
  // Section 7.1.2.2: an answer has the parameter only if the offer has it, always with a value, no larger than the hint.
  const { clientMaxWindowBits } = answer;
  if (clientMaxWindowBits === undefined) return true;
  if (clientMaxWindowBits === true || offered.clientMaxWindowBits === undefined) return false;
  return clientMaxWindowBits <= windowBits(offered.clientMaxWindowBits);
}

/**
 * What an answer means to one side.
 *
 * @param role which side
 * @param keepsContext whether this side wants to keep a context for what it sends, which nobody can make it do
 */
export function agreementOf(answer: DeflateParameters, role: Role, keepsContext: boolean): Agreement {
  const server = { isFresh: answer.serverNoContextTakeover, windowBits: windowBits(answer.serverMaxWindowBits) };
  const client = { isFresh: answer.clientNoContextTakeover, windowBits: windowBits(answer.clientMaxWindowBits) };
  const [own, other] = role === 'server' ? [server, client] : [client, server];
  return {
    deflateTakeover: keepsContext && !own.isFresh,
    inflateTakeover: !other.isFresh,
    deflateWindowBits: own.windowBits,
    inflateWindowBits: other.windowBits,
  };
}

/** What was said, or what holds where nothing was. */
export function windowBits(said: number | true | undefined): number {
  return typeof said === 'number' ? said : MAX_WINDOW_BITS;
}
