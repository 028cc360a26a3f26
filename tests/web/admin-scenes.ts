/** The pages of admins, each in a state worth looking at. */
import type { Page } from 'playwright-core'
import type { Scene } from './scenes.ts'

const plain =
  'overview topology accounts accounts/import sessions grants protection service-keys ' +
  'logs traces audit outbox dead-letters erasures installation'

const openDialog = (button: string) => async (page: Page) => {
  await page.locator(button).first().click()
  await page.getByRole('dialog').waitFor()
}

/** The first of a list. */
const follow = async (page: Page) => {
  await page.locator('main td a, main li a').first().click()
  await page.locator('main dl, main table').first().waitFor()
}

const csv = 'userid,name,phone,roles\nsumi,Sumi Das,01912345678,customer\nmina,Mina Akter,,\nx,,12,king\n'

export async function dropCsv(page: Page): Promise<void> {
  const buffer = Buffer.from(csv)
  await page.locator('input[type=file]').setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer })
  await page.locator('main section [role=status]').waitFor()
}

const lively: Omit<Scene, 'as'>[] = [
  { name: 'account', path: '/admin/accounts?search=mina', act: follow },
  {
    name: 'account-offboard',
    path: '/admin/accounts?search=mina',
    async act(page) {
      await follow(page)
      await openDialog('section button[data-variant=outline]')(page)
    },
  },
  { name: 'account-new', path: '/admin/accounts', act: openDialog('button:has(svg.lucide-user-plus)') },
  { name: 'import-report', path: '/admin/accounts/import', act: dropCsv },
  { name: 'protection-new', path: '/admin/protection', act: openDialog('button:has(svg.lucide-plus)') },
  {
    name: 'protection-limit',
    path: '/admin/protection',
    act: openDialog('section:last-of-type td button, section:last-of-type li button'),
  },
  { name: 'log-line', path: '/admin/logs', act: openDialog('main li button') },
  { name: 'logs-live', path: '/admin/logs?live=on' },
  { name: 'trace', path: '/admin/traces', act: follow },
  {
    name: 'outbox-message',
    path: '/admin/outbox?search=verify',
    async act(page) {
      await page.locator('main td a, main li a').first().click()
      await page.getByRole('dialog').waitFor()
    },
  },
]

export const adminScenes: Scene[] = [
  ...plain.split(' ').map((page) => ({ name: page.replace('/', '-'), path: `/admin/${page}` })),
  ...lively,
].map((scene) => ({ ...scene, name: `admin-${scene.name}`, as: 'admin' }))
