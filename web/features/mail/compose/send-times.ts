/** When a message may go that need not go now. */
import type { PlainKey } from '#web/messages/messages.ts'

export interface SuggestedTime {
  label: PlainKey
  time: Date
}

const morning = 8
const afternoon = 13
/** Sooner it would be no suggestion. */
const leastMs = 30 * 60_000

/** By the clock of this device, soonest first. */
export function suggestedTimes(now: Date): SuggestedTime[] {
  const at = (days: number, hour: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour)
  // Work begins on Sunday in Bangladesh and on Monday elsewhere: Monday is a working day in both.
  const daysToMonday = (8 - now.getDay()) % 7 || 7
  const all: SuggestedTime[] = [
    { label: 'compose.thisAfternoon', time: at(0, afternoon) },
    { label: 'compose.tomorrowMorning', time: at(1, morning) },
    { label: 'compose.tomorrowAfternoon', time: at(1, afternoon) },
    { label: 'compose.mondayMorning', time: at(daysToMonday, morning) },
  ]
  return all.filter(
    ({ time }, index) =>
      time.getTime() - now.getTime() >= leastMs &&
      all.findIndex((one) => one.time.getTime() === time.getTime()) === index,
  )
}

/** As `<input type="datetime-local">` has it. */
export function localTimeText(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  return `${date}T${two(time.getHours())}:${two(time.getMinutes())}`
}
