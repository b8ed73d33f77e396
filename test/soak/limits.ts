// The limits that the server of the soak is told, which its peers keep or break.

export const LONGEST_MESSAGE = 1024 * 1024;
/** What does not compress gets longer by it, and what was received counts too. */
export const MAX_PAYLOAD = LONGEST_MESSAGE + 4096;
export const MAX_FRAGMENTS = 1024;
/** Two of the longest messages, and their headers. */
export const MAX_BACKPRESSURE = 2 * MAX_PAYLOAD;
