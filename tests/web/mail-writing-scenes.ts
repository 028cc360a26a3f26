/** Compose windows, the mail's settings and its administration, each in a state worth looking at. */
import type { Page } from 'playwright-core'
import { v7 } from 'uuid'
import type { Installation } from './installation.ts'
import { password, people } from './people.ts'
import type { Scene } from './scenes.ts'

const emptyContent = { to: [], cc: [], bcc: [], attachments: [], answers: null, forwards: null }
const noActions = {
  archive: false,
  markSeen: false,
  neverSpam: false,
  labelIds: [],
  moveTo: null,
  forwardTo: null,
}

/** What people who have used it for a while have: drafts, signatures, filters, contacts; a queue. */
export async function populateWriting(installation: Installation): Promise<void> {
  installation.names.zone['slow.example'] = 'SERVFAIL'
  for (const userid of Object.values(people.person)) {
    const answer = await installation.identity.login({ userid, password })
    if (!('token' in answer)) throw new Error(`${userid} has a second factor`)
    const mail = installation.mailOf(answer.token)
    const work = { id: v7(), name: 'Work', html: '<p>Mina Akter</p><p>Mina’s Sweets, Dhaka</p>' }
    await mail.changeMailPreferences({ signatures: [work], newSignature: work.id })
    const karim = { name: 'Karim Mia', address: 'karim@flour.example' }
    for (const [subject, text] of [
      ['Flour for December', 'Twenty sacks, as always.'],
      ['', 'Call Rumana about the boxes'],
    ] as const)
      await mail.saveDraft({
        draftId: v7(),
        version: 0,
        content: {
          ...emptyContent,
          to: subject === '' ? [] : [karim],
          subject,
          text,
          html: `<p>${text}</p>`,
        },
      })
    await mail.saveContact({ ...karim, rule: 'allow' })
    await mail.saveContact({ address: 'win@prizes.example', name: '', rule: 'block' })
    await mail.saveFilter({
      filterId: v7(),
      query: 'from:flour.example has:attachment',
      actions: { ...noActions, flag: true, category: 'primary' },
    })
    await mail.addForwarding({ address: 'olivia@sweets.example' })
    await mail.sendMail({ to: 'karim@slow.example', subject: 'Waits', text: 'For a server that is away.' })
  }
}

const openDialog = async (page: Page) => {
  await page.locator('button:has(svg.lucide-plus)').last().click()
  await page.getByRole('dialog').waitFor()
}

async function openComposer(page: Page): Promise<void> {
  await page.keyboard.press('c')
  await page.locator('[data-compose] .tiptap').waitFor()
}

async function write(page: Page): Promise<void> {
  await openComposer(page)
  const composer = page.locator('[data-compose]').last()
  await composer
    .locator('input')
    .first()
    .fill('rahim@sweets.example, Karim Mia <karim@flour.example>, nobody,')
  await composer.locator('.tiptap').click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('Dear Rahim, ')
  await page.keyboard.press('Control+b')
  await page.keyboard.type('ten sacks')
  await page.keyboard.press('Control+b')
  await page.keyboard.type(' of flour for Friday, please.')
  await composer.locator('input[type=file]').setInputFiles({
    name: 'prices-december.pdf',
    mimeType: 'application/pdf',
    buffer: Buffer.alloc(120_000),
  })
  await composer.locator('[data-keeping=saved]').waitFor()
}

const settings = 'general signatures filters vacation forwarding contacts transfers'.split(' ')
const administration = 'domains addresses queue reports'.split(' ')

export const mailWritingScenes: Scene[] = [
  { name: 'mail-drafts', as: 'person', path: '/mail/drafts' },
  { name: 'mail-compose', as: 'person', path: '/mail/drafts', act: write },
  {
    name: 'mail-compose-full',
    as: 'person',
    path: '/mail/drafts',
    async act(page) {
      await openComposer(page)
      const full = page.locator('[data-compose] button:has(svg.lucide-maximize-2)')
      if (await full.isVisible()) await full.click()
    },
  },
  ...settings.map((name): Scene => ({
    name: `mail-settings-${name}`,
    as: 'person',
    path: `/mail/settings/${name}`,
  })),
  { name: 'mail-settings-signature', as: 'person', path: '/mail/settings/signatures', act: openDialog },
  {
    name: 'mail-settings-filter',
    as: 'person',
    path: '/mail/settings/filters?query=from:rahim has:attachment',
    act: (page) => page.getByRole('dialog').waitFor(),
  },
  { name: 'mail-settings-contact', as: 'person', path: '/mail/settings/contacts', act: openDialog },
  ...administration.map((name): Scene => ({
    name: `admin-mail-${name}`,
    as: 'admin',
    path: `/admin/mail/${name}`,
  })),
  { name: 'admin-mail-domain', as: 'admin', path: '/admin/mail/domains/records?name=sweets.example' },
  { name: 'admin-mail-address-new', as: 'admin', path: '/admin/mail/addresses', act: openDialog },
]
