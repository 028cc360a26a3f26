/** Everything a list shows beside its rows: that it loads, failed, has nothing, or has more. */
import { Button, Center } from '@mantine/core'
import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useWords } from '#web/app/language.tsx'
import { Failed, Loading } from './states.tsx'

type Listed<Item> = UseQueryResult<readonly Item[]> | UseInfiniteQueryResult<readonly Item[]>

export interface ListProps<Item> {
  /** Of `pagesOf`, or of `queryOf` with `select: ({ items }) => items`. */
  query: Listed<Item>
  empty: ReactNode
  children: (items: readonly Item[]) => ReactNode
}

/** `<List query={useInfiniteQuery(pagesOf(…))} empty={<Empty … />}>{(accounts) => <Table>…</Table>}</List>` */
export function List<Item>({ query, empty, children }: ListProps<Item>) {
  const { t } = useWords()
  if (query.isPending) return <Loading />
  if (query.isError && query.data === undefined)
    return <Failed error={query.error} onRetry={() => void query.refetch()} />
  const items = query.data ?? []
  if (items.length === 0) return empty
  return (
    <>
      {children(items)}
      {'hasNextPage' in query && query.hasNextPage && (
        <Center mt="md">
          <Button
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {t('action.more')}
          </Button>
        </Center>
      )}
    </>
  )
}
