/** What a person's filters do with a message. */
import type { FilterActions } from '#contracts/mail/settings.ts'
import type { SearchNode } from '../search/ast.ts'
import { matches, type Searched } from '../search/match.ts'
import { parseQuery, type ParseOptions } from '../search/query.ts'
import { SearchError } from '../search/search-error.ts'

export interface ReadFilter {
  search: SearchNode
  actions: FilterActions
}

/** Of all filters that fit. */
export interface MergedActions extends FilterActions {
  /** Each once. */
  forwardsTo: string[]
}

/** A filter that cannot be understood any more is left out. */
export function readFilters(
  filters: readonly { query: string; actions: FilterActions }[],
  options: ParseOptions,
): ReadFilter[] {
  return filters.flatMap(({ query, actions }) => {
    try {
      return [{ search: parseQuery(query, options), actions }]
    } catch (error) {
      if (error instanceof SearchError) return []
      throw error
    }
  })
}

/** Undefined: none fits. What several filters want otherwise, the first of them gets. */
export function actionsFor(filters: readonly ReadFilter[], message: Searched): MergedActions | undefined {
  const fitting = filters.filter(({ search }) => matches(search, message)).map(({ actions }) => actions)
  if (fitting.length === 0) return undefined
  const forwardsTo = [...new Set(fitting.flatMap(({ forwardTo }) => forwardTo ?? []))]
  const neverSpam = fitting.some((each) => each.neverSpam)
  const moves = fitting.flatMap(({ moveTo }) =>
    moveTo === null || (neverSpam && moveTo === 'junk') ? [] : [moveTo],
  )
  return {
    archive: fitting.some(({ archive }) => archive),
    markSeen: fitting.some(({ markSeen }) => markSeen),
    flag: fitting.some(({ flag }) => flag),
    labelIds: [...new Set(fitting.flatMap(({ labelIds }) => labelIds))],
    category: fitting.find(({ category }) => category !== null)?.category ?? null,
    moveTo: moves[0] ?? null,
    neverSpam,
    forwardTo: forwardsTo[0] ?? null,
    forwardsTo,
  }
}
