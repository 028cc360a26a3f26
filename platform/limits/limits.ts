/** How often something may be done: at most `uses` in any `windowMs`. */
export interface Limit {
  uses: number
  windowMs: number
}

/** A limit as it applies to one caller. Uses of the same key count together. */
export interface KeyedLimit extends Limit {
  key: string
}

export interface Verdict {
  isAllowed: boolean
  /** The limit that decided; of several that allow it, the one with the fewest uses left. */
  limit: KeyedLimit
  /** Uses left. */
  remaining: number
  /** Until the first of the used ones comes back; at most `windowMs`. */
  resetMs: number
}

/**
 * Counts uses in sliding windows: in no time span as long as its window a key has more uses than its limit. A use may
 * count up to a thirtieth of the window longer than that.
 */
export interface Limits extends AsyncDisposable {
  /**
   * One use of every limit given, at least one, or of none where one of them is used up. Answers at once where nobody
   * else has to be asked. Never fails.
   */
  take(limits: readonly KeyedLimit[]): Verdict | Promise<Verdict>
}
