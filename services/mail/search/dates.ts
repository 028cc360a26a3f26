/** Dates and ages as people write them in a search. */

/**
 * Of a day `2026/1/31`, `2026-01-31`, `1/31/2026`, a month `2026/01`, a year `2026`, or seconds since the epoch: when it
 * begins, in milliseconds. Undefined for what is no date.
 */
export function dayRange(value: string, timeZone: string): { from: number } | undefined {
  if (/^\d{9,11}$/.test(value)) return { from: Number(value) * 1000 }
  const parts = value.split(/[/.-]/)
  if (parts.length > 3 || !parts.every((part) => /^\d{1,4}$/.test(part))) return undefined
  const numbers = parts.map(Number)
  const isAmerican = parts.length === 3 && parts[0]!.length <= 2 && parts[2]!.length === 4
  const [year = 0, month = 1, day = 1] = isAmerican ? [numbers[2], numbers[0], numbers[1]] : numbers
  const utc = Date.UTC(year, month - 1, day)
  const date = new Date(utc)
  if (year < 1900 || date.getUTCFullYear() !== year) return undefined
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  return { from: midnight(utc, timeZone) }
}

const unitMs: Record<string, number> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** `5h`, `3d`, `2w`, `1m`, `1y` before now; months and years by the calendar. Undefined for what is no age. */
export function timeBefore(value: string, now: Date): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,4})([hdwmy])$/i.exec(value) ?? []
  if (digits === undefined) return undefined
  const count = Number(digits)
  const ms = unitMs[unit.toLowerCase()]
  if (ms !== undefined) return Math.max(0, now.getTime() - count * ms)
  const then = new Date(now)
  const months = unit.toLowerCase() === 'm' ? count : count * 12
  then.setUTCDate(1)
  then.setUTCMonth(then.getUTCMonth() - months)
  const lastDay = new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 0)).getUTCDate()
  then.setUTCDate(Math.min(now.getUTCDate(), lastDay))
  return Math.max(0, then.getTime())
}

/** When the day begins that `utc` is the UTC midnight of. */
function midnight(utc: number, timeZone: string): number {
  const guess = utc - offsetAt(utc, timeZone)
  // The clocks may have been changed between the two.
  return utc - offsetAt(guess, timeZone)
}

/** Of the zone's clocks before UTC, in milliseconds. An unknown zone is UTC. */
function offsetAt(time: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
    const name = format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? []
    const ms = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000
    return sign === '-' ? -ms : ms
  } catch {
    return 0
  }
}
