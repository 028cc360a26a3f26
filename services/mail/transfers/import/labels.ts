import { v7 } from 'uuid'
import type { Database } from '#platform/database/database.ts'
import { labelsOf, type LabelRow } from '../../store/imports.ts'
import { insertLabel } from '../../store/mailboxes.ts'
import { labelPath } from './mailbox-names.ts'

const mostLabels = 1_000

/** Ids of labels by their paths; those that are missing are made, as long as there are not too many. */
export async function ensureLabels(tx: Database, accountId: string, paths: readonly string[][]) {
  const known = new Map<string, string>()
  if (paths.length > 0) {
    const rows = await labelsOf(tx, accountId)
    const taken = new Set(rows.filter(({ role }) => role !== null).map(({ name }) => name))
    const byPlace = new Map(
      rows.filter(({ role }) => role === null).map((row) => [placeOf(row.parentId, row.name), row.id]),
    )
    for (const path of paths) await ensure(labelPath(path), taken, byPlace)
  }
  return {
    /** Undefined: there are too many labels. */
    idOf: (path: readonly string[]): string | undefined => known.get(JSON.stringify(labelPath(path))),
  }

  async function ensure(
    path: string[],
    taken: ReadonlySet<string>,
    byPlace: Map<string, string>,
  ): Promise<void> {
    let parentId: string | null = null
    for (const given of path) {
      // Mailboxes of a role have names too, and names beside each other differ.
      const name: string = parentId === null && taken.has(given) ? `${given}_` : given
      const place = placeOf(parentId, name)
      let id = byPlace.get(place)
      if (id === undefined) {
        if (byPlace.size >= mostLabels) return
        const label: Pick<LabelRow, 'id'> | undefined = await insertLabel(tx, {
          id: v7(),
          accountId,
          parentId,
          name,
          color: null,
        })
        if (!label) return
        id = label.id
        byPlace.set(place, id)
      }
      parentId = id
    }
    if (parentId !== null) known.set(JSON.stringify(path), parentId)
  }
}

function placeOf(parentId: string | null, name: string): string {
  return `${parentId} ${name}`
}
