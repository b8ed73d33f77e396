// What is reported of each message that was sent, for transports that observe: whether it was compressed, and why not. Types only.

/**
 * Why a message was sent uncompressed:
 *
 * - `'notNegotiated'`: the connection has no compression.
 * - `'notAsked'`: the caller said `compress: false`.
 * - `'belowThreshold'`: it is too short.
 * - `'notSmaller'`: compressing it did not make it shorter.
 * - `'sparesTopic'`: it would have displaced the history that the peer shares with a topic.
 */
export type UncompressedReason = 'notNegotiated' | 'notAsked' | 'belowThreshold' | 'notSmaller' | 'sparesTopic';

/** A message whose last frame has been made. */
export interface SentMessage {
  /** Whether it was compressed. */
  readonly isCompressed: boolean;
  /** Its bytes before compression. */
  readonly size: number;
  /** Its bytes in frames, without their headers. */
  readonly wireSize: number;
  /** Why it was not compressed; undefined if it was. */
  readonly reason: UncompressedReason | undefined;
}
