/** What the tests of people share: reading the messages that they get. */
import { setTimeout as sleep } from 'node:timers/promises'
import { notifications } from '#contracts/notifications.ts'
import type { TestHost } from '#platform/testing/host.ts'

/** Texts of the messages of a template that were made for an account, oldest first, once there are `count` of them. */
export async function messagesTo(
  host: TestHost,
  accountId: string,
  template: string,
  count = 1,
): Promise<{ text: string; recipient: string | null }[]> {
  const outbox = host.client(notifications)
  for (const giveUpAt = Date.now() + 20_000; Date.now() < giveUpAt; await sleep(20)) {
    const { items } = await outbox.listNotifications({ accountId, state: 'kept' })
    const found = items.filter((item) => item.template === template)
    if (found.length < count) continue
    const shown = await Promise.all(found.toReversed().map(({ id }) => outbox.showNotification({ id })))
    return shown.map(({ rendering, recipient }) => ({ text: rendering!.text, recipient }))
  }
  throw new Error(`${template} has not come ${count} times`)
}

/** The six digits of the last one. */
export async function codeFor(
  host: TestHost,
  accountId: string,
  template: string,
  count = 1,
): Promise<string> {
  const { text } = (await messagesTo(host, accountId, template, count)).at(-1)!
  return /\b\d{6}\b/.exec(text)![0]
}

/** The token in the link of the last one. */
export async function tokenFor(
  host: TestHost,
  accountId: string,
  template: string,
  count = 1,
): Promise<string> {
  const { text } = (await messagesTo(host, accountId, template, count)).at(-1)!
  return /token=([\w-]{43})/.exec(text)![1]!
}
