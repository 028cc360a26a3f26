/** Keys for programs. */
import { v7 } from 'uuid'
import { callerOf, type Calls, type Command } from '#services/identity/settings.ts'
import { requireFresh } from '#services/identity/sign-in/fresh.ts'
import { revoke } from '#services/identity/sign-in/revocations.ts'
import { lockAccount } from '#services/identity/store/accounts.ts'
import { countKeys, deleteKeys, insertKey, listKeys, type KeyRow } from '#services/identity/store/keys.ts'
import { audit } from '#platform/audit.ts'
import { isOurService, newKey, unknownScopes } from './new-key.ts'

const mostKeys = 50

export const keyCalls: Pick<Calls, keyof typeof import('#contracts/identity/keys.ts').keyCalls> = {
  async createApiKey(wish, context) {
    refuseKeys(context)
    const { accountId } = callerOf(context)
    await requireFresh(context)
    checkWish(wish, context)
    // Whoever makes another one meanwhile waits.
    if (!(await lockAccount(context.tx, accountId))) return context.fail('notFound')
    if ((await countKeys(context.tx, accountId)) >= mostKeys)
      return context.fail('tooManyKeys', `An account has at most ${mostKeys} keys.`)
    const { key, ...kept } = newKey('dk')
    const row = await insertKey(context.tx, { id: v7(), accountId, ...wish, ...kept })
    return { ...row!, key }
  },
  async listApiKeys(_input, context) {
    return { items: await listKeys(context.db, callerOf(context).accountId) }
  },
  async removeApiKey({ id }, context) {
    const { accountId } = callerOf(context)
    const [removed] = await deleteKeys(context.tx, accountId, id)
    if (removed === undefined) return context.fail('notFound')
    await revoke(context, [{ accountId, sessionId: removed }])
    return null
  },

  async createServiceKey(wish, context) {
    refuseKeys(context)
    // The installation's own key has nothing to confirm.
    if (context.identity.kind === 'account') await requireFresh(context)
    checkWish(wish, context)
    const { key, ...kept } = newKey('sk')
    const row = isOurService(wish.name)
      ? undefined
      : await insertKey(context.tx, { id: v7(), accountId: null, ...wish, ...kept })
    if (!row) return context.fail('nameTaken', 'There is a service or key of this name.')
    await audit(context, 'createServiceKey', row.id, { name: row.name, scopes: row.scopes })
    return { ...row, key }
  },
  async listServiceKeys(_input, context) {
    return { items: await listKeys(context.db, null) }
  },
  async removeServiceKey({ id }, context) {
    const [removed] = await deleteKeys(context.tx, null, id)
    if (removed === undefined) return context.fail('notFound')
    await audit(context, 'removeServiceKey', removed)
    await revoke(context, [{ accountId: removed, sessionId: null }])
    return null
  },
}

/** A key can't make another one, which might be allowed more and would outlive it. */
function refuseKeys(context: Pick<Command, 'identity' | 'fail'>): void {
  const { identity } = context
  if (identity.kind !== 'anonymous' && identity.scopes)
    context.fail('forbidden', 'Keys are made by people who have signed in.')
}

function checkWish(
  { scopes, expiresAt }: Pick<KeyRow, 'scopes' | 'expiresAt'>,
  context: { fail: FailWithFields },
): void {
  const unknown = unknownScopes(scopes)
  if (unknown.length > 0) {
    const fields = unknown.map((place) => ({ path: `scopes.${place}`, message: 'names no service' }))
    context.fail('unknownScope', 'A scope names no service.', { fields })
  }
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now())
    context.fail('invalid', 'The input is not valid.', {
      fields: [{ path: 'expiresAt', message: 'is past' }],
    })
}

type FailWithFields = (
  code: 'unknownScope' | 'invalid',
  detail: string,
  details: { fields: { path: string; message: string }[] },
) => never
