/** Times to the second and finer, for what happened in the system. */
import { useMemo } from 'react'
import { useWords } from '#web/app/language.tsx'

export interface Times {
  /** `14:03:07.120` */
  clock(time: string | Date): string
  /** Date and time to the second. */
  exact(time: string | Date): string
  /** `0.8 ms`, `12 ms`, `3.4 s` */
  duration(ms: number): string
}

export function useTimes(): Times {
  const { locale, number } = useWords()
  return useMemo(() => {
    const clock = new Intl.DateTimeFormat(locale, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
      hourCycle: 'h23',
    })
    const exact = new Intl.DateTimeFormat(locale, {
      dateStyle: 'medium',
      timeStyle: 'medium',
      hourCycle: 'h23',
    })
    const unit = (value: number, unit: string) =>
      number(value, { style: 'unit', unit, unitDisplay: 'short', maximumSignificantDigits: 3 })
    return {
      clock: (time) => clock.format(new Date(time)),
      exact: (time) => exact.format(new Date(time)),
      duration: (ms) => (ms < 1000 ? unit(ms, 'millisecond') : unit(ms / 1000, 'second')),
    }
  }, [locale, number])
}
