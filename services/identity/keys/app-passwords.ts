/** Passwords for mail programs. All of an account have one salt, so that SCRAM can try a proof against each. */
import { createHash, createHmac, pbkdf2, randomInt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { v7 } from 'uuid'
import type { appPasswordCalls as contractCalls } from '#contracts/identity/app-passwords.ts'
import type { Calls, Context } from '#services/identity/settings.ts'
import { callerOf } from '#services/identity/settings.ts'
import { requireFresh } from '#services/identity/sign-in/fresh.ts'
import { findAccount, lockAccount } from '#services/identity/store/accounts.ts'
import * as store from '#services/identity/store/app-passwords.ts'

const mostPasswords = 50
/** 16 of 26 letters are 75 bits: no rounds of hashing are needed to keep them from being guessed. RFC 7677 §4 asks for 4096. */
const letters = 16
const iterations = 4096

export const appPasswordCalls: Pick<Calls, keyof typeof contractCalls> = {
  async createAppPassword({ name }, context) {
    const { accountId, scopes } = callerOf(context)
    if (scopes) return context.fail('forbidden', 'Passwords are made by people who have signed in.')
    await requireFresh(context)
    if (!(await lockAccount(context.tx, accountId))) return context.fail('notFound')
    const account = await findAccount(context.tx, accountId)
    if (!account?.userid) return context.fail('noMailbox', 'This account has no mailbox.')
    if ((await store.listAppPasswords(context.tx, accountId)).length >= mostPasswords)
      return context.fail('tooManyKeys', `An account has at most ${mostPasswords} passwords for programs.`)
    const password = Array.from({ length: letters }, () => String.fromCharCode(97 + randomInt(26))).join('')
    const keys = await keysOf(password, saltOf(context, account.userid))
    const row = await store.insertAppPassword(context.tx, { id: v7(), accountId, name, ...keys })
    return { ...row, password }
  },
  async listAppPasswords(_input, context) {
    return { items: await store.listAppPasswords(context.db, callerOf(context).accountId) }
  },
  async removeAppPassword({ id }, context) {
    if (!(await store.deleteAppPassword(context.tx, callerOf(context).accountId, id)))
      return context.fail('notFound')
    return null
  },
  async checkAppPassword({ userid, password }, context) {
    const given = await keysOf(password.replaceAll(/[\s-]/g, ''), saltOf(context, userid))
    const credentials = await store.credentialsOf(context.tx, userid)
    const found = credentials.find(({ storedKey }) => timingSafeEqual(storedKey, given.storedKey))
    if (!found) return { account: null }
    await store.noteUse(context.tx, found.id)
    return { account: { accountId: found.accountId, address: userid } }
  },
  async showScramCredentials({ userid }, context) {
    const salt = saltOf(context, userid).toString('base64')
    const credentials = await store.credentialsOf(context.db, userid)
    const keys = credentials.map(({ id, storedKey, serverKey }) => ({
      id,
      storedKey: storedKey.toString('base64'),
      serverKey: serverKey.toString('base64'),
    }))
    return { salt, iterations, keys }
  },
  async noteAppPasswordUse({ userid, id }, context) {
    const found = (await store.credentialsOf(context.tx, userid)).find((each) => each.id === id)
    if (!found) return { account: null }
    await store.noteUse(context.tx, found.id)
    return { account: { accountId: found.accountId, address: userid } }
  },
}

/** Of a userid, whether somebody has it or not. */
function saltOf({ secrets }: Pick<Context, 'secrets'>, userid: string): Buffer {
  return secrets.digest(userid, 'salt of app passwords').subarray(0, 16)
}

async function keysOf(password: string, salt: Buffer): Promise<{ storedKey: Buffer; serverKey: Buffer }> {
  const salted = await promisify(pbkdf2)(password, salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  return {
    storedKey: createHash('sha256').update(hmac('Client Key')).digest(),
    serverKey: hmac('Server Key'),
  }
}
