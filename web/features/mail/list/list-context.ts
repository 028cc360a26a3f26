/** The list that a conversation was opened from. */
import { createContext, use } from 'react'
import type { Place } from '../place.ts'
import type { ThreadList } from './thread-list.ts'

export interface ListContextValue {
  place: Place
  list: ThreadList
}

export const ListContext = createContext<ListContextValue | undefined>(undefined)

export function useList(): ListContextValue {
  const value = use(ListContext)
  if (!value) throw new Error('there is no ListPage')
  return value
}
