import { useWords } from '#web/app/language.tsx'

/** The random end of a UUID, which tells instances of the same moment apart. */
export function shortId(id: string): string {
  return id.slice(-6)
}

export function useRate(): (perSecond: number) => string {
  const { t, number } = useWords()
  return (perSecond) =>
    t('overview.perSecond', { rate: number(perSecond, { maximumFractionDigits: perSecond < 10 ? 1 : 0 }) })
}
