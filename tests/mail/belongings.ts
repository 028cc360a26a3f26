/** What an account may have of mail, made straight in the tables: for tests of who may touch it. */
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { mail } from '#contracts/mail.ts'
import type { Blobs } from '#platform/blobs/blobs.ts'
import type { Database } from '#platform/database/database.ts'
import { parseMessage } from '#services/mail/mime/parse.ts'
import { findAccount, insertAccounts } from '#services/mail/store/accounts.ts'
import { insertMessages } from '#services/mail/store/arrivals.ts'
import { insertLabel } from '#services/mail/store/mailboxes.ts'

export async function openMailbox(db: Database, accountId: string, address: string): Promise<void> {
  const name = address.slice(address.indexOf('@') + 1)
  await sql`insert into domains (name) values (${name}) on conflict do nothing`.execute(db)
  await insertAccounts(db, [
    { id: accountId, address, name: 'Somebody', language: 'en', quotaBytes: 10 ** 9 },
  ])
}

type Maker = (accountId: string) => Promise<string>

/** By the field of a call's input that names something of one account. */
function makers(db: Database, blobs: Blobs): Record<string, Maker> {
  async function newMessage(accountId: string) {
    const bytes = Buffer.from(
      `From: a@example.org\r\nTo: b@example.org\r\nMessage-ID: <${v7()}@example.org>\r\nSubject: s\r\n\r\ntext\r\n`,
    )
    const { id: blob } = await blobs.put(bytes)
    const message = {
      accountId,
      blob,
      trace: '',
      parsed: parseMessage(bytes),
      receivedAt: new Date(),
      roles: ['sent' as const],
      isOwn: true,
      category: 'primary' as const,
      categoryReasons: [],
    }
    const [outcome] = await db.transaction().execute((tx) => insertMessages(tx, [message]))
    if (outcome?.state !== 'kept') throw new Error('the account has no mailbox')
    return outcome
  }
  const row = async (insert: (id: string) => ReturnType<typeof sql>) => {
    const id = v7()
    await insert(id).execute(db)
    return id
  }
  return {
    mailboxId: async (accountId) => (await findAccount(db, accountId))!.mailboxes.inbox,
    threadId: async (accountId) => (await newMessage(accountId)).threadId,
    messageId: async (accountId) => (await newMessage(accountId)).id,
    labelId: async (accountId) => {
      const label = { id: v7(), accountId, parentId: null, name: v7(), color: null }
      return (await insertLabel(db, label))!.id
    },
    draftId: (accountId) =>
      row(
        (id) =>
          sql`insert into drafts (id, account_id, version, content) values (${id}, ${accountId}, 1, '{"to":[],"cc":[],"bcc":[],"subject":"","text":"","html":null,"attachments":[],"answers":null,"forwards":null}')`,
      ),
    filterId: (accountId) =>
      row(
        (id) =>
          sql`insert into filters (id, account_id, query, actions) values (${id}, ${accountId}, 'x', '{"archive":false,"markSeen":false,"flag":false,"labelIds":[],"category":null,"moveTo":null,"neverSpam":false,"forwardTo":null}')`,
      ),
    undoId: (accountId) =>
      row(
        (id) =>
          sql`insert into undos (id, account_id, before) values (${id}, ${accountId}, '{"states":[],"threads":[],"lessons":[],"categories":[]}')`,
      ),
    transferId: (accountId) =>
      row(
        (id) =>
          sql`insert into transfers (id, account_id, kind, file_name) values (${id}, ${accountId}, 'export', 'mail.tar')`,
      ),
    exportId: async (accountId) => {
      const { id: blob, sizeBytes } = await blobs.put(Buffer.from(`mail of ${accountId}`))
      return row(
        (id) => sql`
          insert into transfers (id, account_id, kind, file_name, state, blob, size_bytes)
          values (${id}, ${accountId}, 'export', 'mail.tar', 'done', ${blob}, ${sizeBytes})`,
      )
    },
  }
}

/** By the name of the call. */
export function mailObjects(db: Database, blobs: Blobs): Record<string, Maker> {
  const made = makers(db, blobs)
  const owned = Object.entries(mail.calls).filter(
    ([, { owned: field }]) => field !== undefined && field !== 'self',
  )
  const objects = Object.fromEntries(owned.map(([name, { owned: field }]) => [`mail.${name}`, made[field!]!]))
  // Of exports only one that is ready has a file.
  return { ...objects, 'mail.downloadExport': made.exportId! }
}
