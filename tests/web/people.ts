/** Who lives in a test installation. */
import type { Page } from 'playwright-core'
import { createClient } from '#contracts/client.ts'
import { createHttpCaller } from '#contracts/http-client.ts'
import { identity } from '#contracts/identity.ts'
import { totpOf, type Installation } from './installation.ts'
import { writeRecords } from './records.ts'

export const password = 'green boats at noon'

/** Userids by what they do, one for each language. */
export const people = {
  person: { en: 'mina', bn: 'rahim' },
  admin: { en: 'anika', bn: 'arif' },
} as const

/** Has an authenticator app. */
export const careful = 'parul'

/** An owner, unless there is one, and everybody else. */
export async function populate(installation: Installation): Promise<void> {
  const { identity, setUpToken } = installation
  const { isSetUp } = await identity.showInstallation({})
  const owner = { userid: 'olivia', name: 'Olivia Rahman', password }
  if (!isSetUp)
    await identity.setUp({ token: setUpToken, name: 'Mina’s Sweets', domain: 'sweets.example', owner })
  await identity.createProfile({ userid: 'mina', name: 'Mina Akter', password, phone: '01712 345678' })
  const rahim = { name: 'রহিম উদ্দিন', phone: '01812 345678', language: 'bn' } as const
  await identity.createProfile({ userid: 'rahim', password, ...rahim })
  const anika = await identity.createProfile({ userid: 'anika', name: 'Anika Das', password })
  const arif = await identity.createProfile({ userid: 'arif', name: 'আরিফ হোসেন', password, language: 'bn' })
  for (const { id } of [anika, arif])
    await asOwner(installation, (client) => client.setRoles({ accountId: id, roles: ['admin'] }))
  await identity.createProfile({ userid: careful, name: 'Parul Sen', password })
  await as(installation, careful, async (client) => {
    const { secret } = await client.startTotp({})
    await client.confirmTotp({ code: totpOf(secret) })
  })
  await writeRecords(installation)
}

type IdentityClient = Installation['identity']

const asOwner = (installation: Installation, act: (client: IdentityClient) => Promise<unknown>) =>
  as(installation, 'olivia', act)

async function as(
  { origin, identity: visitor }: Installation,
  userid: string,
  act: (client: IdentityClient) => Promise<unknown>,
): Promise<void> {
  const answer = await visitor.login({ userid, password })
  if (!('token' in answer)) throw new Error(`${userid} has a second factor`)
  const headers = { authorization: `Bearer ${answer.token}` }
  await act(createClient(identity, createHttpCaller({ origin, headers })))
}

/** Up to the second factor, where there is one. */
export async function enterPassword(page: Page, userid: string): Promise<void> {
  await page.goto('/sign-in')
  await page.locator('[data-path="userid"]').fill(userid)
  await page.locator('[data-path="password"]').fill(password)
  await page.locator('button[type=submit]').click()
}

export async function signIn(page: Page, userid: string): Promise<void> {
  await enterPassword(page, userid)
  await page.waitForURL('**/account/profile')
}
