/** When a lost lease is believed. */

/**
 * Whether so many leases are lost together that it is rather the registry, or the network in between, that is cut
 * off: two or more, and most of all. `late` have not been renewed in time and are not lost yet.
 */
export function isMassLoss({ lost, late, held }: { lost: number; late: number; held: number }): boolean {
  const missing = lost + late
  return lost > 0 && missing >= 2 && missing > (held + lost) / 2
}
