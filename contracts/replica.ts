/** A table that its owner pushes to whoever follows it, so that nobody has to ask. */
import { z } from 'zod'

/**
 * Items of the stream of such a table. A follower gets a `snapshot` first, then every `change` with the revision
 * after the one it holds, and a `beat` each second. A revision that does not follow or a digest that differs means that
 * something was missed: the follower opens the stream anew. Another `epoch` is another table: revisions of two epochs
 * don't compare.
 */
export function replicaUpdate<Row extends z.ZodType>(row: Row) {
  const revision = z.int().nonnegative()
  const digest = z.string()
  return z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('snapshot'),
      epoch: z.uuid(),
      revision,
      digest,
      rows: z.array(row),
      /** False while the owner still gathers what it lost: rows that are missing are not gone. */
      isComplete: z.boolean(),
    }),
    z.object({
      kind: z.literal('change'),
      revision,
      digest,
      put: z.array(row),
      removed: z.array(z.string()),
    }),
    z.object({ kind: z.literal('beat'), revision, digest }),
  ])
}
