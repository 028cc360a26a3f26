/** What the tests of identity share. */
import { createHash } from 'node:crypto'
import type { OutputOf } from '#contracts/client.ts'
import { identity, type Session } from '#contracts/identity.ts'
import type { Identity } from '#platform/identity.ts'
import type { TestHost } from '#platform/testing/host.ts'
import type { z } from 'zod'

type ShownSession = z.output<typeof Session>

/** A new account with the password `password`, signed in, and the client it makes its calls with. */
export async function signUp(host: TestHost, userid: string) {
  const anonymous = host.client(identity, { kind: 'anonymous' })
  await anonymous.createProfile({ userid, password: 'password', name: 'Somebody' })
  return { userid, ...(await signIn(host, userid)) }
}

export async function signIn(host: TestHost, userid: string) {
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const { token, account } = await anonymous.login({ userid, password: 'password' })
  const { id, accountId, roles } = (await sessionOf(host, token))!
  const as: Identity = { kind: 'account', accountId, sessionId: id, roles }
  return { account, session: { id, token }, client: host.client(identity, as) }
}

export async function sessionOf(host: TestHost, token: string): Promise<ShownSession | null> {
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
