/** What the tests of identity share. */
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { InputOf, OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import type { Session, SignedIn } from '#contracts/identity/sign-in.ts'
import { notifications } from '#contracts/notifications.ts'
import { openDatabase } from '#platform/database/pool.ts'
import type { Identity } from '#platform/identity.ts'
import type { Service } from '#platform/service.ts'
import type { TestHost } from '#platform/testing/host.ts'

/** No breach has it. */
export const password = 'a tall green postbox'

/** A new account with the password above, signed in, and the client it makes its calls with. */
export async function signUp(host: TestHost, userid: string) {
  const anonymous = host.client(identity, { kind: 'anonymous' })
  await anonymous.createProfile({ userid, password, name: 'Somebody' })
  return { userid, ...(await signIn(host, userid)) }
}

type Entrance = Omit<InputOf<typeof identity.calls.login>, 'userid'>

/** With the password above unless another one is given. */
export async function signIn(host: TestHost, userid: string, entrance: Partial<Entrance> = {}) {
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const answer = await anonymous.login({ userid, password, ...entrance })
  if ('ticket' in answer) throw new Error('a second factor is needed')
  return signedIn(host, answer)
}

/** What somebody has who was let in. */
async function signedIn(host: TestHost, answer: z.output<typeof SignedIn>) {
  const { token, account, deviceToken } = answer
  const session = (await sessionOf(host, token))!
  if (session.kind !== 'account') throw new Error('not of an account')
  const { id, accountId, roles, isVerified } = session
  const as: Identity = { kind: 'account', accountId, sessionId: id, roles, isVerified }
  return { account, deviceToken, session: { id, token }, client: host.client(identity, as) }
}

/** Signs in with what is wrong, or may be: gives the code of the refusal, or `let in` or `asked for more`. */
export async function tryLogin(host: TestHost, entrance: Entrance & { userid: string }): Promise<string> {
  const anonymous = host.client(identity, { kind: 'anonymous' })
  return anonymous.login(entrance, { deadlineMs: 60_000 }).then(
    (answer) => ('ticket' in answer ? 'asked for more' : 'let in'),
    ({ code }) => code as string,
  )
}

/** A browser of that kind somewhere, known or not. */
export function deviceAt(address: string, token?: string) {
  return { address, userAgent: chromeOnWindows, token }
}

const chromeOnWindows =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

export function databaseOf(host: TestHost) {
  const database = openDatabase({ url: host.databaseUrl })
  const db = database.forService('identity')
  return Object.assign(database, { db })
}

type Sent = InputOf<typeof notifications.calls.sendNotification>

/** Stands in for the notifications service: keeps what it is asked to send. */
export function recordingNotifications() {
  const sent: Sent[] = []
  const service: Service = {
    contract: notifications,
    migrations: undefined,
    settings: {},
    roles: { api: { summary: 'keeps what it is asked to send' } },
    calls: {
      async sendNotification(input) {
        sent.push(input as Sent)
        return { requestId: (input as Sent).requestId ?? '', notifications: [] }
      },
    },
    streams: {},
  }
  return { service, sent }
}

export async function sessionOf(host: TestHost, token: string): Promise<Session | null> {
  const tokenHash = createHash('sha256').update(token).digest('hex')
  return (await host.client(identity).showSession({ tokenHash })).session
}

type Told = OutputOf<typeof identity.streams.revocations>

/** Follows a host's revocations until disposed of. */
export function followRevocations(host: TestHost, after?: number) {
  const controller = new AbortController()
  const told: Told[] = []
  const ended = (async () => {
    for await (const item of host.client(identity).revocations({ after }, { signal: controller.signal }))
      told.push(item)
  })().catch((error) => {
    if (!controller.signal.aborted) throw error
  })
  return {
    told,
    revoked: () => told.flatMap(({ revoked }) => revoked),
    async [Symbol.asyncDispose]() {
      controller.abort()
      await ended
    },
  }
}
