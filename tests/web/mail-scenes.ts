/** The pages where mail is read, each in a state worth looking at. */
import type { Page } from 'playwright-core'
import type { Scene } from './scenes.ts'

const openLetter = (from: string) => async (page: Page) => {
  await page.getByRole('row').filter({ hasText: from }).first().click()
  await page.locator('section[data-open]').first().waitFor()
  await page.locator('section[data-open] [aria-busy]').first().waitFor({ state: 'detached' })
}

async function openMenuOf(page: Page, icon: string): Promise<void> {
  await page.locator('section[data-open] button[aria-haspopup=menu]').last().click()
  await page.locator(`[role=menuitem]:has(svg.${icon})`).click()
}

const scenes: Omit<Scene, 'as'>[] = [
  {
    name: 'inbox',
    path: '/mail/inbox',
    act: (page) => page.locator('[role=row]').first().waitFor(),
  },
  {
    name: 'selected',
    path: '/mail/inbox',
    async act(page) {
      await page.locator('[data-act=select]').nth(0).click()
      await page.locator('[data-act=select]').nth(1).click()
    },
  },
  {
    name: 'labels',
    path: '/mail/inbox',
    async act(page) {
      await page.locator('[data-act=select]').nth(0).click()
      await page.locator('[role=toolbar] button:has(svg.lucide-tags)').click()
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'snooze',
    path: '/mail/inbox',
    async act(page) {
      await page.locator('[data-act=select]').nth(0).click()
      await page.locator('[role=toolbar] button:has(svg.lucide-alarm-clock)').click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'conversation', path: '/mail/all', act: openLetter('Rumana') },
  {
    name: 'newsletter',
    path: '/mail/all',
    async act(page) {
      await openLetter('Tea House')(page)
      await page.frameLocator('iframe').locator('h1').waitFor()
    },
  },
  {
    name: 'why',
    path: '/mail/all',
    async act(page) {
      await openLetter('Tea House')(page)
      await openMenuOf(page, 'lucide-circle-question-mark')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'original',
    path: '/mail/all',
    async act(page) {
      await openLetter('Rumana')(page)
      await openMenuOf(page, 'lucide-code')
      await page.locator('pre').waitFor()
    },
  },
  {
    name: 'advanced-search',
    path: '/mail/inbox',
    async act(page) {
      await page.locator('[role=search] button').last().click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'found', path: '/mail/search?q=flour' },
  { name: 'nothing-found', path: '/mail/search?q=unicorn' },
  {
    name: 'shortcuts',
    path: '/mail/inbox',
    async act(page) {
      await page.locator('[role=row]').first().waitFor()
      await page.keyboard.press('?')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'sidebar',
    path: '/mail/inbox',
    async act(page) {
      const burger = page.locator('header button[aria-expanded]').first()
      if (await burger.isVisible()) await burger.click()
    },
  },
  { name: 'trash', path: '/mail/trash' },
]

/** For somebody who got `letters`. */
export const mailScenes: Scene[] = scenes.map((scene) => ({
  ...scene,
  name: `mail-${scene.name}`,
  as: 'person',
}))
