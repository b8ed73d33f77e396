// The limits that the server of the soak is told, which its peers keep or break.

export const LONGEST_MESSAGE = 1024 * 1024;
/** What does not compress gets longer by it, and what was received counts too. */
export const MAX_PAYLOAD = LONGEST_MESSAGE + 4096;
export const MAX_FRAGMENTS = 1024;
/** Two of the longest messages, and their headers. */
export const MAX_BACKPRESSURE = 2 * MAX_PAYLOAD;
/**
 * Of all connections that compress. The load's own zlib holds back pongs too (`ws` keeps their order), so on a machine that has
 * no time for it the server's heartbeat would cut peers that keep the rules.
 */
export const MAX_COMPRESSED_UNDER_WAY = 8 * LONGEST_MESSAGE;
