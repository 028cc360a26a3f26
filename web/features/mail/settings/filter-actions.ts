import type { FilterActions } from '#contracts/mail/settings.ts'
import { useWords } from '#web/app/language.tsx'
import { useMailboxes } from '../mailboxes.ts'

/** What a filter does, a line for each. */
export function useActionText(): (actions: FilterActions) => string[] {
  const { t } = useWords()
  const labels = useMailboxes()?.labels ?? []
  return ({ archive, markSeen, flag, labelIds, category, moveTo, neverSpam, forwardTo }) => [
    ...(archive ? [t('filters.archive')] : []),
    ...(markSeen ? [t('filters.markSeen')] : []),
    ...(flag ? [t('filters.flag')] : []),
    ...labelIds.flatMap((id) => {
      const label = labels.find((one) => one.id === id)
      return label ? [t('filters.labelNamed', { label: label.path })] : []
    }),
    ...(category ? [t('filters.categoryNamed', { category: t(`mailCategory.${category}`) })] : []),
    ...(moveTo ? [t(`filters.moveTo.${moveTo}`)] : []),
    ...(neverSpam ? [t('filters.neverSpam')] : []),
    ...(forwardTo ? [t('filters.forwardNamed', { address: forwardTo })] : []),
  ]
}
