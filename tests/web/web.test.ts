import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings } from './findings.ts'
import { scriptBytes } from './first-load.ts'
import { adminScenes } from './admin-scenes.ts'
import { codeSentTo, openInstallation, totpOf, type Installation } from './installation.ts'
import { password, people, populate, signIn } from './people.ts'
import { fillInstallation, fillOwner, scenes, setUpScenes, showScene, type Scene } from './scenes.ts'

let installation: Installation
before(async () => {
  installation = await openInstallation()
})
after(() => installation[Symbol.asyncDispose]())

const looks = [
  { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const

async function examine(all: readonly Scene[], as: Scene['as']): Promise<void> {
  const found: string[] = []
  for (const look of looks) {
    // The policy of the page would refuse axe's script; it is tested without.
    await using visit = await installation.visit({ ...look, bypassCSP: true })
    if (as !== 'visitor') await signIn(visit.page, people[as].en)
    for (const scene of all.filter((one) => one.as === as)) {
      await showScene(visit.page, scene)
      found.push(...(await findings(visit.page)).map((one) => `${scene.name}, ${look.colorScheme}: ${one}`))
      await visit.page.unrouteAll()
    }
    assert.deepEqual(visit.problems, [])
  }
  assert.deepEqual(found, [])
}

test('the set-up pages have no serious accessibility findings', () =>
  examine(setUpScenes(installation.setUpToken), 'visitor'))

test('the owner sets up in three steps and is signed in', async () => {
  await using visit = await installation.visit()
  const { page } = visit
  await page.goto(`/setup?token=${installation.setUpToken}`)
  await fillInstallation(page)
  await fillOwner(page)
  await page.getByRole('button', { name: 'Finish' }).click()
  await page.getByRole('button', { name: 'Enter' }).click()
  await page.getByRole('heading', { name: 'Profile' }).waitFor()
  assert.equal(await page.getByLabel('Mailbox').inputValue(), 'olivia@sweets.example')
  assert.deepEqual(visit.problems, [])
  await populate(installation)
})

test('the pages of visitors have no serious accessibility findings', () => examine(scenes, 'visitor'))

test('the pages of who is signed in have no serious accessibility findings', () => examine(scenes, 'person'))

test('the pages of admins have no serious accessibility findings', () => examine(adminScenes, 'admin'))

test('every page works under the content security policy with trusted types', async () => {
  await using visit = await installation.visit({ serviceWorkers: 'allow' })
  const { page, problems } = visit
  const response = await page.goto('/sign-in')
  const policy = (await response?.headerValue('content-security-policy')) ?? ''
  assert.match(policy, /script-src 'self';/)
  assert.match(policy, /require-trusted-types-for 'script'/)
  await signIn(page, 'mina')
  for (const scene of scenes.filter(({ as }) => as === 'person')) {
    await showScene(page, scene)
    await page.unrouteAll()
  }
  await page.waitForFunction(`navigator.serviceWorker.ready.then(() => true)`)
  assert.deepEqual(problems, [])
})

test('without a network the offline page is shown, and no answer of the API is kept', async () => {
  await using visit = await installation.visit({ serviceWorkers: 'allow' })
  const { page } = visit
  await signIn(page, 'mina')
  await page.waitForFunction(`navigator.serviceWorker.ready.then(() => true)`)
  await page.reload()
  await page.context().setOffline(true)
  await page.goto('/account/profile')
  await page.getByRole('heading', { name: 'You are offline' }).waitFor()
  const kept = await page.evaluate<string[]>(
    `caches.keys().then(async (names) => (await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).flat())`,
  )
  assert.ok(kept.length > 5)
  assert.deepEqual(
    kept.filter((path) => path.startsWith('/api/')),
    [],
  )
})

test('the first load of the shell is at most 200 kB of compressed scripts', async () => {
  await using visit = await installation.visit()
  await signIn(visit.page, 'mina')
  const bytes = await scriptBytes(visit.page.context(), '/account/profile')
  assert.ok(bytes > 50_000 && bytes <= 200_000, `${bytes} bytes`)
})

test('a person signs up by phone, verifies, and adds a second factor that the next sign-in asks for', async () => {
  await using visit = await installation.visit()
  const { page, problems } = visit
  await page.goto('/sign-up')
  await page.locator('[data-path="name"]').fill('Salma Begum')
  await page.locator('[data-path="userid"]').fill('salma')
  await page.locator('[data-path="phone"]').fill('01912 345678')
  await page.locator('[data-path="password"]').fill('password')
  await page.locator('button[type=submit]').click()
  await page.getByText('Attackers try this one first').waitFor()
  await page.locator('[data-path="password"]').fill(password)
  await page.locator('button[type=submit]').click()
  await page.getByText('Six digits were sent to +8801912345678').waitFor()
  await page.getByLabel('Six-digit code').fill(await codeSentTo(installation, '+8801912345678'))
  await page.waitForURL('**/account/profile')
  await page.getByText('Verified', { exact: true }).waitFor()

  await page.goto('/account/security')
  await page.getByRole('button', { name: 'Set up' }).click()
  const secret = (await page.getByRole('dialog').locator('pre').textContent()) ?? ''
  await page.getByLabel('Code that the app shows').fill(totpOf(secret))
  await page.getByRole('dialog').locator('li').first().waitFor()
  const codes = await page.getByRole('dialog').locator('li').allTextContents()
  assert.equal(codes.length, 10)
  await page.getByLabel('I have kept them.').check()
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByText('On since').waitFor()

  await using second = await installation.visit()
  await second.page.goto('/account/sessions')
  await second.page.waitForURL('**/sign-in?to=*')
  await second.page.locator('[data-path="userid"]').fill('salma')
  await second.page.locator('[data-path="password"]').fill(password)
  await second.page.locator('button[type=submit]').click()
  await second.page.getByRole('button', { name: 'Use a recovery code' }).click()
  await second.page.getByLabel('Recovery code').fill(codes[0] ?? '')
  await second.page.locator('button[type=submit]').click()
  await second.page.waitForURL('**/account/sessions')
  await second.page.getByText('This one').waitFor()
  assert.deepEqual([...problems, ...second.problems], [])
})

test('who is off-boarded is thrown out of every browser within a second, and told so', async () => {
  const { id } = await installation.identity.createProfile({ userid: 'tareq', name: 'Tareq', password })
  await using first = await installation.visit()
  await using second = await installation.visit()
  for (const { page } of [first, second]) {
    await signIn(page, 'tareq')
    await page.getByText('Live', { exact: true }).waitFor()
  }
  const startedAt = Date.now()
  await installation.identity.offboardAccount({ accountId: id })
  await Promise.all(
    [first, second].map(({ page }) => page.getByText('Your session has ended').waitFor({ timeout: 2000 })),
  )
  assert.ok(Date.now() - startedAt < 1000, `${Date.now() - startedAt} ms`)
})

test('who signs in after somebody else in the same browser has a connection of their own', async () => {
  const { id } = await installation.identity.createProfile({ userid: 'jamal', name: 'Jamal', password })
  await using visit = await installation.visit()
  const { page } = visit
  await signIn(page, 'mina')
  await page.getByText('Live', { exact: true }).waitFor()
  await page.locator('header button[aria-haspopup=menu]').click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL('**/sign-in')
  await page.locator('[data-path="userid"]').fill('jamal')
  await page.locator('[data-path="password"]').fill(password)
  await page.locator('button[type=submit]').click()
  await page.waitForURL('**/account/profile')
  await page.getByText('Live', { exact: true }).waitFor()
  await installation.identity.offboardAccount({ accountId: id })
  await page.getByText('Your session has ended').waitFor({ timeout: 1000 })
})

test('the language of the account is the language of the page, from the next sign-in on too', async () => {
  await using visit = await installation.visit({ locale: 'en-GB' })
  const { page } = visit
  await signIn(page, 'rahim')
  await page.getByRole('heading', { name: 'প্রোফাইল' }).waitFor()
  assert.equal(await page.getAttribute('html', 'lang'), 'bn')
  await page.keyboard.press('g')
  await page.keyboard.press('s')
  await page.goto('/sign-in')
  await page.getByRole('heading', { name: 'সাইন ইন' }).waitFor()
})

test('an address of another site is no place to return to', async () => {
  await using visit = await installation.visit()
  const { page } = visit
  for (const to of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    await page.goto(`/sign-in?to=${encodeURIComponent(to)}`)
    await page.locator('[data-path="userid"]').fill('mina')
    await page.locator('[data-path="password"]').fill(password)
    await page.locator('button[type=submit]').click()
    await page.waitForURL(`${installation.origin}/account/profile`)
  }
})
