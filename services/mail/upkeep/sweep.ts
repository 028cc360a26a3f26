/** Removes the bytes that nothing refers to any more. */
import type { Context } from '../settings.ts'
import { forgetSwept, giveUpBlob, looseBlobs, loosenBlobs, unknownBlobs } from '../store/sweeping.ts'

const atOnce = 1_000

export async function sweep({ db, blobs, signal }: Context & { signal: AbortSignal }): Promise<void> {
  for (const blob of await looseBlobs(db, atOnce)) {
    if (signal.aborted) return
    await db.transaction().execute(async (tx) => {
      if (await giveUpBlob(tx, blob)) await blobs.delete(blob)
    })
  }
  await forgetSwept(db)
}

/** What a crash left between the disk and the database is swept an hour later. */
export async function findOrphans({
  db,
  blobs,
  log,
  signal,
}: Context & { signal: AbortSignal }): Promise<void> {
  let batch: string[] = []
  let found = 0
  const check = async () => {
    const unknown = await unknownBlobs(db, batch)
    if (unknown.length > 0) await loosenBlobs(db, unknown)
    found += unknown.length
    batch = []
  }
  for await (const blob of blobs.list()) {
    if (signal.aborted) return
    batch.push(blob)
    if (batch.length >= atOnce) await check()
  }
  if (batch.length > 0) await check()
  if (found > 0) log.info({ found }, 'found blobs that nothing refers to')
}
