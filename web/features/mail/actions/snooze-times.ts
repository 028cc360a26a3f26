/** Times that are offered for snoozing. */
import type { PlainKey } from '#web/messages/messages.ts'

export interface SnoozeTime {
  label: PlainKey
  at: Date
}

const morning = 8
const evening = 18

/** Monday 1 to Sunday 7, as in `Intl`. */
export interface Week {
  weekend: readonly number[]
}

export function snoozeTimes(now: Date, { weekend }: Week): SnoozeTime[] {
  const atHour = (days: number, hour: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour)
  const today = now.getDay() || 7
  const daysUntil = (day: number) => (day - today + 7) % 7 || 7
  const restDay = weekend[0] ?? 6
  const workDay = ((weekend.at(-1) ?? 7) % 7) + 1
  return [
    ...(now.getHours() < evening - 1
      ? [{ label: 'mail.snooze.today', at: atHour(0, evening) } as const]
      : []),
    { label: 'mail.snooze.tomorrow', at: atHour(1, morning) },
    ...(daysUntil(restDay) > 1
      ? [{ label: 'mail.snooze.weekend', at: atHour(daysUntil(restDay), morning) } as const]
      : []),
    { label: 'mail.snooze.nextWeek', at: atHour(daysUntil(workDay), morning) },
  ]
}

/** Of where the device is: in Bangladesh Friday and Saturday. */
export function localWeek(): Week {
  if (new Intl.DateTimeFormat().resolvedOptions().timeZone === 'Asia/Dhaka') return { weekend: [5, 6] }
  const locale = new Intl.Locale(navigator.language) as Intl.Locale & { getWeekInfo?: () => Week }
  return { weekend: locale.getWeekInfo?.().weekend ?? [6, 7] }
}
