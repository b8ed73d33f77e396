// The order in which subjects are measured, on the page and in bench/.

/** Each round begins with another place, and every second goes backwards, so that none always follows the same one. */
export function turnOrder(round: number, count: number): number[] {
  const step = round % 2 === 0 ? 1 : count - 1;
  return Array.from({ length: count }, (_, turn) => (round + turn * step) % count);
}
