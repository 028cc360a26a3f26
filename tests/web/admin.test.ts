/** Admins at work, in a browser. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { dropCsv } from './admin-scenes.ts'
import { openInstallation, type Installation, type Visit } from './installation.ts'
import { people, populate, signIn } from './people.ts'

let installation: Installation
let visit: Visit
let page: Page
before(async () => {
  installation = await openInstallation()
  await populate(installation)
  visit = await installation.visit({ locale: 'en-GB', viewport: { width: 1280, height: 900 } })
  page = visit.page
  await signIn(page, people.admin.en)
})
after(async () => {
  await visit?.[Symbol.asyncDispose]()
  await installation?.[Symbol.asyncDispose]()
})

const button = (name: string | RegExp) => page.getByRole('button', { name })
const row = (text: string) => page.getByRole('row').filter({ hasText: text })
const dialog = () => page.getByRole('dialog')

test('who is no admin finds nothing there', async () => {
  await using other = await installation.visit()
  await signIn(other.page, people.person.en)
  await other.page.goto('/admin/accounts')
  await other.page.getByText('Nothing is here').waitFor()
  assert.equal(await other.page.getByRole('link', { name: 'Admin' }).count(), 0)
})

test('somebody is invited, and the invitation is in the outbox while one looks', async () => {
  await using other = await installation.visit()
  await signIn(other.page, people.admin.en)
  await other.page.goto('/admin/outbox?search=nadia')
  await other.page.getByText('Nothing is like that').waitFor()

  await page.goto('/admin/accounts')
  await button('New account').click()
  await dialog().locator('[data-path=name]').fill('Nadia Islam')
  await dialog().locator('[data-path=userid]').fill('nadia')
  await dialog().locator('[data-path=email]').fill('nadia@example.org')
  await dialog().getByRole('button', { name: 'Invite' }).click()
  await row('nadia@sweets.example').waitFor()

  await other.page.getByRole('link', { name: 'nadia@example.org' }).click()
  const letter = other.page.frameLocator('iframe')
  await letter.getByRole('link').first().waitFor()
  assert.deepEqual(other.problems, [])
})

test('somebody is off-boarded and restored', async () => {
  await page.goto('/admin/accounts?search=rahim')
  await page.getByRole('link', { name: 'রহিম উদ্দিন' }).click()
  await button('Off-board').click()
  await dialog().getByRole('button', { name: 'Off-board' }).click()
  await page.getByText('This account is off-boarded').waitFor()
  const { items } = await installation.identity.listAccounts({ search: 'rahim' })
  assert.equal(items[0]?.isDisabled, true)
  await button('Restore').click()
  await button('Off-board').waitFor()
})

test('an admin can not make admins', async () => {
  await page.goto('/admin/accounts?search=mina')
  await page.getByRole('link', { name: 'Mina Akter' }).click()
  assert.equal(await page.getByRole('checkbox', { name: 'Admin' }).isDisabled(), true)
  await page.getByRole('checkbox', { name: 'Staff' }).check()
  await button('Save').click()
  await page.getByText('Saved.').waitFor()
  await page.getByRole('alert').filter({ hasText: 'Saved.' }).getByRole('button', { name: 'Close' }).click()
  const { items } = await installation.identity.listAccounts({ search: 'mina' })
  assert.deepEqual(items[0]?.roles.toSorted(), ['customer', 'staff'])
})

test('a file of accounts is looked at first, and then taken', async () => {
  await page.goto('/admin/accounts/import')
  await dropCsv(page)
  await page.getByText('3 lines: 1 new, 1 there already, 1 with problems.').waitFor()
  await row('Line 4').first().waitFor()
  assert.deepEqual((await installation.identity.listAccounts({ search: 'sumi' })).items, [])
  await button('Import 1 account').click()
  await page.getByRole('heading', { name: 'Imported' }).waitFor()
  assert.equal((await installation.identity.listAccounts({ search: 'sumi' })).items.length, 1)
})

test('addresses are blocked and let in again', async () => {
  await page.goto('/admin/protection')
  await button('Block addresses').click()
  await dialog().locator('[data-path=range]').fill('203.0.113.0/24')
  await dialog().locator('[data-path=reason]').fill('Guesses passwords')
  await dialog().getByRole('button', { name: 'Block' }).click()
  await row('Guesses passwords').waitFor()
  await button('Remove 203.0.113.0/24').click()
  await page.getByText('No address is blocked').waitFor()
})

test('a limit is set, counts at the gateway, and is reset', async () => {
  await page.goto('/admin/protection')
  await button('Change: An account').click()
  await dialog().locator('[data-path=rate]').fill('lots')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await dialog().getByText('Write it like 100/15m, or none.').waitFor()
  await dialog().locator('[data-path=rate]').fill('9000/1m')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await row('9,000 in 1 minute').waitFor()
  await button('Reset: An account').click()
  await row('9,000 in 1 minute').waitFor({ state: 'detached' })
})

test('a service key is shown once', async () => {
  await page.goto('/admin/service-keys')
  await button('New key').click()
  await dialog().locator('[data-path=name]').fill('backup')
  await dialog().locator('button[type=submit]').click()
  const key = await dialog().locator('pre').textContent()
  assert.match(key ?? '', /^sk_/)
  await dialog().getByRole('button', { name: 'Done' }).click()
  await row('backup').waitFor()
  assert.equal((await page.content()).includes(key!), false)
})

test('logs come as they are written, stand still and go on', async () => {
  const write = (data: string) => installation.logs.writeLog({ name: 'test', data })
  await page.goto('/admin/logs?live=on')
  await page.getByText('The last 500 lines are kept here.').waitFor()
  const lines = page.locator('main li')
  // The stream begins somewhat later than the page.
  while ((await lines.count()) === 0) {
    await write('one')
    await page.waitForTimeout(100)
  }
  await button('Pause').click()
  const held = await lines.count()
  await write('two')
  await page
    .getByText(/lines? came meanwhile/)
    .filter({ hasNotText: /^0 / })
    .waitFor()
  assert.equal(await lines.count(), held)
  await button('Resume').click()
  await lines.nth(held).waitFor()
})

test('lines are found by their words, and lead to the trace', async () => {
  await page.goto('/admin/logs?text=invitation')
  await page.locator('main li').filter({ hasText: 'invitation made' }).getByRole('button').click()
  await dialog().getByRole('link').click()
  await page.getByRole('heading', { name: 'POST /api/accounts' }).waitFor()
  await row('notifications.sendEmail').filter({ hasText: 'unavailable' }).waitFor()
})

test('every page of admins works under the content security policy', () => {
  assert.deepEqual(visit.problems, [])
})
