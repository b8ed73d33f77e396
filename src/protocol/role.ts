// The two ends of a connection.

/** Which end of a connection we are: a `'server'` takes masked frames only, a `'client'` unmasked ones only. */
export type Role = 'client' | 'server';
