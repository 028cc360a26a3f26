/** A table that its owner pushes to whoever follows it, so that nobody has to ask. */
import { z } from 'zod'

/**
 * Items of the stream of such a table. A follower gets a `snapshot` first, then every `change`, and a `beat` each
 * second. A change that does not start at the revision the follower holds, or a digest that is not its own, means that
 * something was missed: the follower opens the stream anew. Another `epoch` is another table: revisions of two epochs
 * don't compare. A removed id never comes back in its epoch.
 */
export function replicaUpdate<Row extends z.ZodType>(row: Row) {
  const revision = z.int().nonnegative()
  /** Of all rows at `revision`, as `platform/replica/table.ts` computes it. */
  const digest = z.string()
  return z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('snapshot'),
      epoch: z.uuid(),
      revision,
      digest,
      rows: z.array(row),
      /** Rows that come in further items of this kind: a large table comes in parts. */
      remaining: z.int().nonnegative(),
      /** False while the owner still gathers what it lost: rows that are missing are not gone. */
      isComplete: z.boolean(),
    }),
    z.object({
      kind: z.literal('change'),
      /** The revision it starts at. */
      since: revision,
      revision,
      digest,
      put: z.array(row),
      removed: z.array(z.string()),
    }),
    z.object({ kind: z.literal('beat'), revision, digest }),
  ])
}

export type ReplicaUpdate<Row> = z.output<ReturnType<typeof replicaUpdate<z.ZodType<Row>>>>
