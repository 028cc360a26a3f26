/** The filter learns from what stayed where it put it: verdicts that nobody disputed for an hour. */
import { featuresOf, modelTopic } from '../changing/lessons.ts'
import { createDelta, learn, readDelta, writeDelta, type Label } from '../spam/learning.ts'
import { loadShippedModel } from '../spam/model.ts'
import type { Context } from '../settings.ts'
import { lockAccounts } from '../store/accounts.ts'
import { accountsToTeach, findSpamModel, saveSpamModel, undisputedMail } from '../store/models.ts'

const most = { accounts: 200, messages: 200 }

export async function teachFilters(context: Context & { signal: AbortSignal }): Promise<void> {
  for (const accountId of await accountsToTeach(context.db, most.accounts)) {
    if (context.signal.aborted) return
    await teach(context, accountId)
  }
}

async function teach({ db, blobs, log, signals }: Context, accountId: string): Promise<void> {
  const mail = await undisputedMail(db, accountId, most.messages)
  const lessons: { features: Parameters<typeof learn>[1]; label: Label }[] = []
  for (const message of mail) {
    const features = await featuresOf(blobs, message).catch((error: unknown) => {
      log.warn({ err: error, messageId: message.id }, 'could not learn from a message')
    })
    if (features) lessons.push({ features, label: message.label })
  }
  const learnedUntil = mail.at(-1)?.receivedAt ?? new Date(Date.now() - 3_600_000).toISOString()
  await db.transaction().execute(async (tx) => {
    // Whoever corrects the filter meanwhile waits, and changes the model after this.
    await lockAccounts(tx, [accountId])
    const stored = await findSpamModel(tx, accountId)
    const account = stored ? readDelta(stored) : createDelta()
    for (const { features, label } of lessons)
      learn({ shipped: loadShippedModel(), account }, features, label)
    await saveSpamModel(tx, accountId, writeDelta(account), learnedUntil)
  })
  signals.send(modelTopic(accountId))
}
