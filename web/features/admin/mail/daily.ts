/** Figures by day. */

export interface Daily {
  /** Milliseconds since the epoch: noon in UTC, which is the same day nearly everywhere. */
  times: number[]
  values: (name: string) => number[]
}

const dayMs = 86_400_000

/** The last `days` days, with zeros where nothing was reported. */
export function daily(
  rows: readonly { day: string; name: string; count: number }[],
  days: number,
  now = Date.now(),
): Daily {
  const today = Math.floor(now / dayMs) * dayMs
  const times = Array.from({ length: days }, (_, index) => today + dayMs / 2 - (days - 1 - index) * dayMs)
  const sums = new Map<string, number>()
  for (const { day, name, count } of rows) {
    const key = `${name} ${Date.parse(`${day}T12:00:00Z`)}`
    sums.set(key, (sums.get(key) ?? 0) + count)
  }
  return { times, values: (name) => times.map((time) => sums.get(`${name} ${time}`) ?? 0) }
}
