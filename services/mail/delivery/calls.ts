/** What became of a message, for who sent it; and the queue, for admins. */
import { validate as isUuid } from 'uuid'
import { pageOf } from '#platform/pages.ts'
import { callerOf, type Calls } from '../settings.ts'
import { changeLots } from '../store/queue.ts'
import { listLots, showRecipients } from '../store/recipients.ts'
import { isOwnMessage } from '../store/submissions.ts'
import { announceQueue, domainOf, retryTopic } from './submit.ts'

export const deliveryCalls: Pick<Calls, 'showDelivery' | 'listQueue' | 'changeQueue'> = {
  async showDelivery({ messageId }, context) {
    const { accountId } = callerOf(context)
    if (!(await isOwnMessage(context.db, accountId, messageId))) return context.fail('notFound')
    return { items: await showRecipients(context.db, messageId) }
  },
  async listQueue({ cursor, limit, domain }, context) {
    if (cursor !== undefined && !isPlace(cursor))
      return context.fail('invalid', 'The cursor is not one of this list.')
    const name = domain === undefined ? undefined : domainOf(domain)
    const found = await listLots(context.db, name, { limit: limit + 1, after: cursor })
    const { items, nextCursor } = pageOf(found, limit, ({ place }) => place)
    return { items: items.map(({ lot }) => lot), nextCursor }
  },
  async changeQueue({ id, domain, action }, context) {
    const name = domain === undefined ? undefined : domainOf(domain)
    const messages = await changeLots(context.tx, { id, domain: name }, action)
    context.afterCommit(() => {
      if (action === 'retry' || action === 'resume') {
        context.signals.send(retryTopic, name ?? '')
        announceQueue(context.signals)
      }
    })
    return { messages }
  },
}

function isPlace(text: string): boolean {
  const [time = '', id = '', domain = '', more] = text.split(' ')
  return /^\d{1,12}(\.\d{1,6})?$/.test(time) && isUuid(id) && domain !== '' && more === undefined
}
