// The extensions that both ends negotiated, as the response says, or as the options of the command line do.

import { type DeflateParameters, EXTENSION_NAME, readParameters } from '../../../deflate/parameters.js';
import { type ExtensionOffer, parseExtensions } from '../../../handshake/extensions.js';
import { ProtocolError } from '../../../index.js';
import { rethrowUnless } from '../../../protocol/rethrow-unless.js';
import { UsageError } from '../../command.js';
import { sharedDeflate } from './inflater.js';

/** The negotiated extensions. */
export interface KnownExtensions {
  /** There is one, which may own RSV1. */
  readonly allowRsv1: boolean;
  /** Undefined where it is not permessage-deflate. */
  readonly deflate: DeflateParameters | undefined;
}

/** Which allow a sender everything: with them one reads what was sent with any. */
const ANY_PARAMETERS: DeflateParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: undefined,
  clientMaxWindowBits: undefined,
};

/** Nothing is known: what is compressed is read as well as may be. */
export const UNKNOWN_EXTENSIONS: KnownExtensions = { allowRsv1: true, deflate: ANY_PARAMETERS };

/** What the header of a response says; where it makes no sense, as if nothing were known. */
export function readExtensions(header: string | undefined): KnownExtensions {
  if (header === undefined) return { allowRsv1: false, deflate: undefined };
  try {
    return knownOf(parseExtensions(header));
  } catch (error) {
    rethrowUnless(error, ProtocolError);
    return UNKNOWN_EXTENSIONS;
  }
}

/** What was given on the command line, in the same form. @throws UsageError */
export function readExtensionsOption(text: string): KnownExtensions {
  const accepted = parseOption(text);
  if (accepted.some((element) => element.name === EXTENSION_NAME && readParameters(element) === undefined)) {
    throw new UsageError(`--extensions has parameters of ${EXTENSION_NAME} that RFC 7692 does not allow: "${text}"`);
  }
  return knownOf(accepted);
}

function parseOption(text: string): ExtensionOffer[] {
  try {
    return parseExtensions(text);
  } catch (error) {
    rethrowUnless(error, ProtocolError);
    throw new UsageError(`--extensions is a list of extensions, not "${text}"`);
  }
}

function knownOf(accepted: readonly ExtensionOffer[]): KnownExtensions {
  const deflate = accepted.find(({ name }) => name === EXTENSION_NAME);
  return {
    allowRsv1: accepted.length > 0,
    deflate: deflate === undefined ? undefined : (readParameters(deflate) ?? ANY_PARAMETERS),
  };
}

/** What is wrong with an answer to these offers, for which a client fails the connection; undefined if nothing is. */
export function wrongAnswer(
  accepted: readonly ExtensionOffer[],
  offers: readonly ExtensionOffer[],
): ProtocolError | undefined {
  try {
    sharedDeflate().forClient(accepted, offers)?.release();
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'WSIMD_RESPONSE_EXTENSIONS') return error;
    throw error;
  }
}
