import { useWords } from '#web/app/language.tsx'

const units = { s: 'second', m: 'minute', h: 'hour' } as const

/** `100/15m` in words. */
export function useRateText(): (rate: string) => string {
  const { t, number } = useWords()
  return (rate) => {
    const [, uses, length, unit] = /^(\d+)\/(\d+)([smh])$/.exec(rate) ?? []
    if (unit === undefined) return t('limits.none')
    const period = number(Number(length), { style: 'unit', unit: units[unit as 's'], unitDisplay: 'long' })
    return t('limits.of', { uses: Number(uses), period })
  }
}
