/** Quiet hours by the wall clock of a time zone. */
import type { Preferences } from '#contracts/identity/profiles.ts'

type QuietHours = NonNullable<Preferences['quietHours']>

const minuteMs = 60_000

/**
 * When the quiet hours are over that `now` lies in; undefined outside of them. Looks at the clock minute by minute, so
 * that hours which summer time leaves out or repeats count as the wall clock shows them.
 */
export function quietUntil(quietHours: QuietHours | null, timeZone: string, now: Date): Date | undefined {
  if (!quietHours || quietHours.from === quietHours.to) return undefined
  const clock = wallClock(timeZone)
  if (!isQuiet(quietHours, clock.format(now))) return undefined
  let minute = Math.floor(now.getTime() / minuteMs) * minuteMs
  do minute += minuteMs
  while (isQuiet(quietHours, clock.format(minute)))
  return new Date(minute)
}

/** `from` belongs to them, `to` does not. */
function isQuiet({ from, to }: QuietHours, time: string): boolean {
  return from < to ? time >= from && time < to : time >= from || time < to
}

/** `00:00` to `23:59`. */
function wallClock(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone })
}
