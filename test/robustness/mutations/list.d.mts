/** What is to see a fault: a test file, or the beginning of several, and what stands in the names of the tests if not all do. */
export interface Selection {
  readonly file: string;
  readonly filter?: string;
}

/** A name, the file, the text in it, what takes its place, and the tests that see it, the quickest first. */
export type Mutation = readonly [
  name: string,
  file: string,
  find: string,
  replace: string,
  tests: readonly Selection[],
];

export const MUTATIONS: readonly Mutation[];
