// The cases of the Autobahn test suite by their numbers alone: how many there are in each group.

const GROUPS: readonly (readonly [group: string, cases: number])[] = [
  ['1.1', 8],
  ['1.2', 8],
  ['2', 11],
  ['3', 7],
  ['4.1', 5],
  ['4.2', 5],
  ['5', 20],
  ['6.1', 3],
  ['6.2', 4],
  ['6.3', 2],
  ['6.4', 4],
  ['6.5', 5],
  ['6.6', 11],
  ['6.7', 4],
  ['6.8', 2],
  ['6.9', 4],
  ['6.10', 3],
  ['6.11', 5],
  ['6.12', 8],
  ['6.13', 5],
  ['6.14', 10],
  ['6.15', 1],
  ['6.16', 3],
  ['6.17', 5],
  ['6.18', 5],
  ['6.19', 5],
  ['6.20', 7],
  ['6.21', 8],
  ['6.22', 34],
  ['6.23', 7],
  ['7.1', 6],
  ['7.3', 6],
  ['7.5', 1],
  ['7.7', 13],
  ['7.9', 9],
  ['7.13', 2],
  ['9.1', 6],
  ['9.2', 6],
  ['9.3', 9],
  ['9.4', 9],
  ['9.5', 6],
  ['9.6', 6],
  ['9.7', 6],
  ['9.8', 6],
  ['10.1', 1],
];

/** Five kinds of data, and seven sets of parameters. */
const COMPRESSION_GROUPS: readonly (readonly [group: string, cases: number])[] = [
  ...[1, 2, 3, 4, 5].map((data) => [`12.${data}`, 18] as const),
  ...[1, 2, 3, 4, 5, 6, 7].map((parameters) => [`13.${parameters}`, 18] as const),
];

const casesOf = (groups: readonly (readonly [group: string, cases: number])[]) =>
  groups.flatMap(([group, cases]) => Array.from({ length: cases }, (_, i) => `${group}.${i + 1}`));

/** Those that need no compression. */
export const AUTOBAHN_CASES: readonly string[] = casesOf(GROUPS);
/** Those that do. */
export const AUTOBAHN_COMPRESSION_CASES: readonly string[] = casesOf(COMPRESSION_GROUPS);
