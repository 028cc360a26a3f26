/** Which conversations of a list are chosen. */
import { useMemo, useState } from 'react'
import type { ThreadIndex } from './thread-pages.ts'

export interface Selection {
  ids: ReadonlySet<string>
  /** Everything that the list has, also what is not loaded. */
  isEverything: boolean
  toggle(id: string): void
  /** From the one toggled last to this one. */
  extendTo(id: string): void
  set(ids: Iterable<string>): void
  everything(): void
  clear(): void
}

interface State {
  ids: ReadonlySet<string>
  isEverything: boolean
  anchor: string | undefined
}

const nothing: State = { ids: new Set(), isEverything: false, anchor: undefined }

export function useSelection(index: ThreadIndex): Selection {
  const [state, setState] = useState(nothing)
  // What left the list is not chosen any more.
  const ids = useMemo(() => {
    const gone = [...state.ids].filter((id) => index.indexOf(id) < 0)
    return gone.length === 0 ? state.ids : new Set([...state.ids].filter((id) => !gone.includes(id)))
  }, [state.ids, index])
  return {
    ids,
    isEverything: state.isEverything && ids.size > 0,
    toggle(id) {
      const next = new Set(ids)
      if (!next.delete(id)) next.add(id)
      setState({ ids: next, isEverything: false, anchor: id })
    },
    extendTo(id) {
      const from = state.anchor === undefined ? -1 : index.indexOf(state.anchor)
      const to = index.indexOf(id)
      const next = new Set(ids)
      const [low, high] = from < 0 ? [to, to] : from < to ? [from, to] : [to, from]
      for (let at = low; at <= high; at += 1) {
        const row = index.at(at)
        if (row) next.add(row.id)
      }
      setState({ ids: next, isEverything: false, anchor: id })
    },
    set: (next) => setState({ ids: new Set(next), isEverything: false, anchor: undefined }),
    everything: () => setState((old) => ({ ...old, ids, isEverything: true })),
    clear: () => setState(nothing),
  }
}
