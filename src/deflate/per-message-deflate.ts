// permessage-deflate (RFC 7692) for a server or for clients: its negotiation, and the memory that their connections share.

import {
  MAX_HASH_BITS,
  MAX_WINDOW_BITS,
  MIN_HASH_BITS,
  MIN_WINDOW_BITS,
} from '../../assembly/shared/deflate-layout.js';
import type { CompressedForm, PreparedMessage } from '../frames/prepared-message.js';
import { type ExtensionOffer, formatExtensions } from '../handshake/extensions.js';
import type { KernelName } from '../kernel/kernel.js';
import { type KernelChoice, requireKernelName } from '../kernel/select.js';
import type { CompressionCounts, MessageCompression } from '../messages/compression.js';
import { ProtocolError } from '../protocol/errors.js';
import { atLeast, oneOf, trueOrFalse, wholeNumber } from '../protocol/option-checks.js';
import type { Role } from '../protocol/role.js';
import { shareInstances } from '../protocol/share-instances.js';
import { contextLength, DeflateArena } from './deflate-arena.js';
import { Inflation } from './inflation.js';
import { createDeflateKernel } from './kernel/select-deflate.js';
import { type DeflateLevel, type DeflaterConfig, MessageDeflater } from './message-deflater.js';
import { MessageInflater, type SharedInflation } from './message-inflater.js';
import {
  type Agreement,
  agreementOf,
  answerOffers,
  isAnswerTo,
  makeOffer,
  type NegotiationWish,
  windowBits,
} from './negotiation.js';
import { type DeflateParameters, EXTENSION_NAME, formatParameters, readParameters } from './parameters.js';

/**
 * How messages are compressed, for both roles. Outgoing messages are deflated, incoming ones inflated. On a server,
 * `deflate…` stands for the RFC's `server_…` parameters and `inflate…` for its `client_…` ones; on a client it is the
 * other way round.
 */
export interface PerMessageDeflateOptions {
  /**
   * How much effort deflating takes: `'fastest'`, `'default'` or `'smallest'`. With `'fastest'`, messages below 2 KiB get no codes of their
   * own: only repeated bytes are saved. `'smallest'` suits slow lines and messages to many receivers. Default `'default'`.
   */
  readonly level?: DeflateLevel;
  /**
   * Messages of fewer bytes (0 or more) are sent uncompressed; with Infinity all are. Default: 8 on connections with takeover, where even
   * such messages get smaller; 128 on others, because there is little to gain below.
   */
  readonly threshold?: number;
  /**
   * Outgoing messages may refer to earlier ones (context takeover), which makes small messages several times smaller. Costs
   * `2 ** deflateWindowBits + 2 ** (deflateHashBits + 1)` bytes for each connection. Default true.
   */
  readonly deflateTakeover?: boolean;
  /** The peer's messages may refer to earlier ones. Costs 2 to the power of its window bits for each connection. Default true. */
  readonly inflateTakeover?: boolean;
  /** How far back outgoing messages may refer, as a power of two: 8 to 15. Default 12, 4 KiB. */
  readonly deflateWindowBits?: number;
  /** How many positions the compressor indexes, as a power of two: 8 to 12. Default 11. More find more matches. */
  readonly deflateHashBits?: number;
  /**
   * How far back the peer is asked to refer at most, as a power of two: 8 to 15. A server asks the clients that allow it
   * (browsers and `ws` do); its default is 12, 4 KiB. A client asks only if this is given; a server that cannot comply then
   * declines the whole offer.
   */
  readonly inflateWindowBits?: number;
  /**
   * Bytes for the history of all connections together, from 1 MiB to 1 GiB; 0: no connection has takeover. This is an address
   * range: the system provides memory for the part that is in use. When it is full, new connections negotiate no takeover.
   * Default 64 MiB, for some 5,400 connections with browsers.
   */
  readonly poolLength?: number;
  /** Which kernel; default: WebAssembly where it runs. */
  readonly kernel?: KernelChoice;
}

/** How much of a pool is in use. */
export interface PoolUse {
  /** Bytes that are reserved for connections. */
  readonly usedLength: number;
  /** Bytes of the whole pool. */
  readonly length: number;
  /** The number of contexts: one for each direction of a connection that has takeover. */
  readonly contexts: number;
}

const DEFAULT_WINDOW_BITS = 12;
/**
 * With 10, a connection costs 2 KiB less, and a message at 4,000 of them a tenth to a fifth less time (bench: deflate/connections); but
 * short messages of text get 4 to 5 % longer, those like JSON 1 to 4.
 */
const DEFAULT_HASH_BITS = 11;
const DEFAULT_POOL_LENGTH = 64 * 1024 * 1024;
const MIN_POOL_LENGTH = 1024 * 1024;
const MAX_POOL_LENGTH = 2 ** 30;
/** The pool before it is first used. */
const UNUSED = { usedLength: 0, slotCount: 0, has: () => true };

/**
 * Compression for a server, or for any number of clients. All its connections have the same options and share its memory, which
 * is allocated when the first of them negotiates compression.
 *
 * ```ts
 * const deflate = new PerMessageDeflate();
 * const verdict = checkRequest(head, { extensions: (offers) => deflate.answer(offers) });
 * if (verdict.ok) new Connection({ role: 'server' }, deflate.forServer(verdict.extensions));
 * ```
 *
 * A connection returns its part of the pool when it ends. If you drop one without calling `receiveEnd`, that part stays in use.
 */
export class PerMessageDeflate {
  readonly #config: DeflaterConfig;
  readonly #deflateTakeover: boolean;
  readonly #inflateTakeover: boolean;
  readonly #inflateWindowBits: number | undefined;
  readonly #poolLength: number;
  readonly #kernel: KernelChoice | undefined;
  #inflation: SharedInflation | undefined;
  #failure: ProtocolError | undefined;

  /** @throws RangeError, TypeError for options out of range; ProtocolError `WSIMD_NO_KERNEL` for a kernel that is none */
  constructor(options: PerMessageDeflateOptions = {}) {
    const { level = 'default', threshold, poolLength = DEFAULT_POOL_LENGTH } = options;
    const { deflateWindowBits = DEFAULT_WINDOW_BITS, deflateHashBits = DEFAULT_HASH_BITS, inflateWindowBits } = options;
    const { deflateTakeover = true, inflateTakeover = true } = options;
    oneOf('fastest', 'default', 'smallest')('level', level);
    if (threshold !== undefined) atLeast(0)('threshold', threshold);
    const bits = wholeNumber(MIN_WINDOW_BITS, MAX_WINDOW_BITS);
    bits('deflateWindowBits', deflateWindowBits);
    if (inflateWindowBits !== undefined) bits('inflateWindowBits', inflateWindowBits);
    wholeNumber(MIN_HASH_BITS, MAX_HASH_BITS)('deflateHashBits', deflateHashBits);
    if (poolLength !== 0) wholeNumber(MIN_POOL_LENGTH, MAX_POOL_LENGTH)('poolLength', poolLength);
    trueOrFalse('deflateTakeover', deflateTakeover);
    trueOrFalse('inflateTakeover', inflateTakeover);
    requireKernelName(options.kernel);
    this.#config = { level, threshold, windowBits: deflateWindowBits, hashBits: deflateHashBits };
    this.#deflateTakeover = deflateTakeover && poolLength > 0;
    this.#inflateTakeover = inflateTakeover && poolLength > 0;
    this.#inflateWindowBits = inflateWindowBits;
    this.#poolLength = poolLength;
    this.#kernel = options.kernel;
  }

  /** The kernel that compresses; undefined before the first connection with compression. */
  get kernelName(): KernelName | undefined {
    return this.#inflation?.arena.kernel.name;
  }

  /** How much of the pool is reserved for connections. */
  get poolUse(): PoolUse {
    const { usedLength, slotCount } = this.#pool;
    return { usedLength, length: this.#poolLength, contexts: slotCount };
  }

  /**
   * Why `answer` has declined a well-formed offer the last time: `WSIMD_NO_KERNEL`, if there was no memory for compression. Else
   * undefined.
   */
  get failure(): ProtocolError | undefined {
    return this.#failure;
  }

  /**
   * Answers the offers of a client, for the option `extensions` of `checkRequest`. Allocates the memory for compression if there is
   * none yet, so that a negotiated connection never lacks it.
   *
   * @param offers the offers of all extensions
   * @returns the answer; empty if no offer is well-formed, or there is no memory for compression (see `failure`)
   */
  answer(offers: readonly ExtensionOffer[]): ExtensionOffer[] {
    this.#failure = undefined;
    const answer = answerOffers(offers, (offered) => this.#serverWish(offered));
    if (answer === undefined) return [];
    try {
      this.#acquire();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#failure = error;
      return [];
    }
    return [formatParameters(answer)];
  }

  /**
   * Makes the compression of a connection on a server.
   *
   * @param extensions the answer that was sent
   * @returns undefined if compression was not negotiated
   * @throws ProtocolError `WSIMD_NO_KERNEL`
   */
  forServer(extensions: readonly ExtensionOffer[]): MessageCompression | undefined {
    const agreed = extensions.find(({ name }) => name === EXTENSION_NAME);
    const parameters = agreed === undefined ? undefined : readParameters(agreed);
    return parameters === undefined ? undefined : this.#open('server', parameters);
  }

  /** The offer of a client, for the option `extensions` of `createRequest`. */
  offer(): ExtensionOffer[] {
    return [formatParameters(makeOffer(this.#clientWish()))];
  }

  /**
   * Makes the compression of a connection on a client.
   *
   * @param extensions the extensions that the server accepted, from `checkResponse`
   * @param offered the extensions that were offered
   * @returns undefined if the server did not accept compression
   * @throws ProtocolError `WSIMD_RESPONSE_EXTENSIONS` for an answer that is malformed or answers nothing that was offered:
   *   the connection is to be failed; `WSIMD_NO_KERNEL`
   */
  forClient(extensions: readonly ExtensionOffer[], offered: readonly ExtensionOffer[]): MessageCompression | undefined {
    const answers = extensions.filter(({ name }) => name === EXTENSION_NAME);
    if (answers.length === 0) return undefined;
    const answer = readParameters(answers[0]!);
    const isRight =
      answers.length === 1 &&
      answer !== undefined &&
      offered.some((offer) => {
        const parameters = offer.name === EXTENSION_NAME ? readParameters(offer) : undefined;
        return parameters !== undefined && isAnswerTo(answer, parameters);
      });
    if (!isRight) throw new ProtocolError('WSIMD_RESPONSE_EXTENSIONS', { detail: formatExtensions(answers) });
    return this.#open('client', answer);
  }

  /** A server keeps contexts as far as the pool has room for them. */
  #serverWish(offered: DeflateParameters): NegotiationWish {
    const { windowBits: ownBits, hashBits } = this.#config;
    const inflateWindowBits = this.#inflateWindowBits ?? DEFAULT_WINDOW_BITS;
    const most = windowBits(offered.clientMaxWindowBits);
    const clientBits = offered.clientMaxWindowBits === undefined ? most : Math.min(most, inflateWindowBits);
    const serverBits = Math.min(windowBits(offered.serverMaxWindowBits), ownBits);
    const deflateTakeover = this.#deflateTakeover && this.#pool.has(contextLength(serverBits, hashBits));
    return {
      deflateTakeover,
      inflateTakeover: this.#inflateTakeover && this.#pool.has(contextLength(clientBits, 0)),
      // Without takeover no window is kept between messages, so the largest one costs nothing.
      deflateWindowBits: deflateTakeover ? ownBits : MAX_WINDOW_BITS,
      inflateWindowBits,
    };
  }

  #clientWish(): NegotiationWish {
    const inflateBits = this.#inflateWindowBits ?? MAX_WINDOW_BITS;
    return {
      deflateTakeover: this.#deflateTakeover,
      inflateTakeover: this.#inflateTakeover && this.#pool.has(contextLength(inflateBits, 0)),
      deflateWindowBits: this.#config.windowBits,
      inflateWindowBits: this.#inflateWindowBits,
    };
  }

  get #pool(): Pick<DeflateArena['pool'], 'has' | 'usedLength' | 'slotCount'> {
    return this.#inflation?.arena.pool ?? UNUSED;
  }

  #open(role: Role, agreed: DeflateParameters): MessageCompression {
    const inflation = this.#acquire();
    const agreement = agreementOf(agreed, role, this.#deflateTakeover);
    return new ConnectionCompression(inflation, this.#config, agreement);
  }

  /** The memory that all connections share, made at the first call. @throws ProtocolError `WSIMD_NO_KERNEL` */
  #acquire(): SharedInflation {
    if (this.#inflation === undefined) {
      const kernel = createDeflateKernel(this.#kernel, DeflateArena.poolPages(this.#poolLength));
      const arena = new DeflateArena(kernel);
      this.#inflation = { arena, next: new Inflation(arena) };
    }
    return this.#inflation;
  }
}

/** Both directions of one connection. */
class ConnectionCompression extends MessageInflater implements MessageCompression {
  readonly #deflater: MessageDeflater;

  constructor(inflation: SharedInflation, config: DeflaterConfig, agreement: Agreement) {
    super(inflation, agreement.inflateWindowBits, agreement.inflateTakeover);
    const { deflateWindowBits, deflateTakeover } = agreement;
    this.#deflater = new MessageDeflater(inflation.arena, config, deflateWindowBits, deflateTakeover);
  }

  get counts(): CompressionCounts {
    const { inflated, inflateInput, inflateOutput } = this;
    const { deflated, deflateInput, deflateOutput } = this.#deflater;
    return { inflated, inflateInput, inflateOutput, deflated, deflateInput, deflateOutput };
  }
  get sliceLength(): number {
    return this.#deflater.sliceLength;
  }
  get hasSpared(): boolean {
    return this.#deflater.hasSpared;
  }
  deflate(payload: string | Uint8Array): Uint8Array | undefined {
    return this.#deflater.deflate(payload);
  }
  isWorthDeflating(payload: string | Uint8Array): boolean {
    return this.#deflater.isWorthDeflating(payload);
  }
  deflateFragment(payload: string | Uint8Array, isLast: boolean): Uint8Array {
    return this.#deflater.deflateFragment(payload, isLast);
  }
  deflatePrepared(message: PreparedMessage): CompressedForm | undefined {
    return this.#deflater.deflatePrepared(message);
  }
  override release(): void {
    super.release();
    this.#deflater.release();
  }
}

shareInstances(PerMessageDeflate, 'PerMessageDeflate');
