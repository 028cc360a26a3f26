/** Sessions: a browser's has an opaque token, of which only the SHA-256 is kept; an app's has tokens that change. */
import { v7 } from 'uuid'
import type { z } from 'zod'
import type { SignedIn } from '#contracts/identity/sign-in.ts'
import type { Database } from '#platform/database/database.ts'
import type { ServiceContext } from '#platform/service.ts'
import type { Command } from '#services/identity/settings.ts'
import { insertRefreshToken } from '#services/identity/store/app-tokens.ts'
import { insertRevocations } from '#services/identity/store/revocations.ts'
import { deleteExpiredSessions, deleteSessions, insertSession } from '#services/identity/store/sessions.ts'
import { deleteLoginTickets } from '#services/identity/store/tickets.ts'
import { signAccessToken } from './access-tokens.ts'
import { countryOf } from './country.ts'
import { deviceHashOf, deviceName, rememberDevice, type DeviceFacts } from './devices.ts'
import { announceRevocations, revoke } from './revocations.ts'
import { newToken } from './tokens.ts'

export interface Entrance {
  client?: 'browser' | 'app'
  /** Undefined for a caller that came through no gateway. */
  device?: DeviceFacts | undefined
  /** Whose password it was. It may have been changed since it was read; then nobody is let in. */
  passwordHash?: string
}

/** Signs somebody in who has proved who he is. Fails with `forbidden` for an account that nobody can sign in to. */
export async function startSession(
  context: Command,
  accountId: string,
  entrance: Entrance = {},
): Promise<z.input<typeof SignedIn>> {
  return (
    (await startSessionIfStill(context, accountId, entrance)) ??
    context.fail('forbidden', 'Nobody can sign in to this account.')
  )
}

/** Undefined where what was proved is not so any more. */
export async function startSessionIfStill(
  context: Command,
  accountId: string,
  entrance: Entrance,
): Promise<z.input<typeof SignedIn> | undefined> {
  const { client = 'browser', device } = entrance
  const begun = await beginSession(context, context.tx, accountId, entrance)
  if (!begun) return undefined
  const { id, token, expiresAt, standing, account } = begun
  const deviceToken = device && (await rememberDevice(context, accountId, device, standing))
  const tokens =
    client === 'browser'
      ? { token, expiresAt }
      : await newAppTokens(context, { id, accountId, roles: account.roles })
  return { ...tokens, ...(deviceToken !== undefined && { deviceToken }), account }
}

/**
 * As `startSessionIfStill`, of a browser that the account knows: there is nothing to write but the session, by one
 * statement, which needs no transaction around it.
 */
export async function startSessionOfKnown(
  context: Pick<Command, 'db' | 'settings'>,
  accountId: string,
  entrance: Entrance,
): Promise<z.input<typeof SignedIn> | undefined> {
  const begun = await beginSession(context, context.db, accountId, entrance)
  return begun && { token: begun.token, expiresAt: begun.expiresAt, account: begun.account }
}

/** Always under a token that nobody has seen before. */
async function beginSession(
  { settings }: Pick<Command, 'settings'>,
  db: Database,
  accountId: string,
  { client = 'browser', device, passwordHash }: Entrance,
) {
  const { token, hash } = newToken()
  const row = {
    id: v7(),
    accountId,
    tokenHash: client === 'browser' ? hash : null,
    client,
    device: deviceName(device?.userAgent ?? ''),
    address: device?.address ?? '',
    country: await countryOf(device?.address ?? ''),
  }
  const { SESSION_IDLE_DAYS: idleDays } = settings
  const deviceHash = deviceHashOf(device)
  const started = await insertSession(db, row, { idleDays, deviceHash, passwordHash })
  return started && { ...started, id: row.id, token }
}

/** For an app: what it shows, and what it gets the next one with. */
export async function newAppTokens(context: Command, session: Parameters<typeof signAccessToken>[1]) {
  const { token: refreshToken, hash: tokenHash } = newToken()
  await insertRefreshToken(context.tx, { sessionId: session.id, tokenHash })
  return { ...(await signAccessToken(context, session)), refreshToken }
}

/**
 * Ends sessions of an account, `only` one or all `except` one, and gives how many there were. Where all end, so do
 * sign-ins that wait for their second factor. Call it last, as `revoke`.
 */
export async function endSessions(
  context: Parameters<typeof revoke>[0],
  accountId: string,
  which: { only?: string | undefined; except?: string | undefined } = {},
): Promise<number> {
  if (which.only === undefined) await deleteLoginTickets(context.tx, accountId)
  const ended = await deleteSessions(context.tx, accountId, which)
  await revoke(
    context,
    ended.map((sessionId) => ({ accountId, sessionId })),
  )
  return ended.length
}

/** In one transaction; nobody else revokes meanwhile. */
const mostAtOnce = 1_000

/** Those that nobody used for too long. */
export async function endExpiredSessions({
  db,
  signals,
}: Pick<ServiceContext, 'db' | 'signals'>): Promise<void> {
  let ended: number
  do {
    ended = await db.transaction().execute(async (tx) => {
      const expired = await deleteExpiredSessions(tx, mostAtOnce)
      await insertRevocations(tx, expired)
      return expired.length
    })
    announceRevocations(signals)
  } while (ended === mostAtOnce)
}
