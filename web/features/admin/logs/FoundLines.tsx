import { useInfiniteQuery } from '@tanstack/react-query'
import { ScrollText } from 'lucide-react'
import { logs } from '#contracts/logs.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf } from '#web/app/queries.ts'
import { List } from '#web/ui/List.tsx'
import { Empty } from '#web/ui/states.tsx'
import { LineList } from './LineList.tsx'
import type { LogFilter } from './log-filter.ts'

export function FoundLines({ filter }: { filter: LogFilter }) {
  const { t } = useWords()
  const lines = useInfiniteQuery(pagesOf(logs.calls.listLogs, { ...filter, limit: 100 }))
  return (
    <List query={lines} empty={<Empty icon={ScrollText} title={t('logs.none')} text={t('logs.noneText')} />}>
      {(items) => <LineList lines={items} />}
    </List>
  )
}
