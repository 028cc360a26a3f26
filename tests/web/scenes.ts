/** Every page of the web app, each in a state worth looking at. */
import type { Page } from 'playwright-core'
import { careful, enterPassword, password } from './people.ts'

export interface Scene {
  name: string
  /** Who looks at it; a `person` and an `admin` are signed in. */
  as: 'visitor' | 'person' | 'admin'
  path: string
  /** Brings the page into the state. */
  act?: (page: Page) => Promise<void>
}

/** Before there is an owner. */
export function setUpScenes(token: string): Scene[] {
  const path = `/setup?token=${token}`
  return [
    { name: 'setup', as: 'visitor', path },
    { name: 'setup-owner', as: 'visitor', path, act: fillInstallation },
    {
      name: 'setup-people',
      as: 'visitor',
      path,
      async act(page) {
        await fillInstallation(page)
        await fillOwner(page)
        await page.locator('button:has(svg.lucide-plus)').click()
        await page.locator('[data-path="accounts.0.name"]').fill('Karim Mia')
        await page.locator('[data-path="accounts.0.address"]').fill('karim')
      },
    },
  ]
}

export async function fillInstallation(page: Page): Promise<void> {
  await page.locator('[data-path="name"]').fill('Mina’s Sweets')
  await page.locator('[data-path="domain"]').fill('sweets.example')
  await page.locator('button[type=submit]').click()
}

export async function fillOwner(page: Page): Promise<void> {
  await page.locator('[data-path="owner.name"]').fill('Olivia Rahman')
  await page.locator('[data-path="owner.userid"]').fill('olivia')
  await page.locator('[data-path="owner.password"]').fill(password)
  await page.locator('button[type=submit]').click()
}

export const scenes: Scene[] = [
  { name: 'sign-in', as: 'visitor', path: '/sign-in' },
  {
    name: 'sign-in-wrong',
    as: 'visitor',
    path: '/sign-in',
    async act(page) {
      await page.locator('[data-path="userid"]').fill('nobody')
      await page.locator('[data-path="password"]').fill('wrong')
      await page.locator('button[type=submit]').click()
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'sign-up',
    as: 'visitor',
    path: '/sign-up',
    async act(page) {
      await page.locator('[data-path="name"]').fill('Nadia Islam')
      await page.locator('[data-path="userid"]').fill('nadia')
      await page.locator('[data-path="password"]').fill('sunny rivers')
      await page.getByText('nadia@sweets.example').waitFor()
    },
  },
  {
    name: 'second-factor',
    as: 'visitor',
    path: '/sign-in',
    async act(page) {
      await enterPassword(page, careful)
      await page.locator('[autocomplete=one-time-code]').waitFor()
    },
  },
  { name: 'offline', as: 'visitor', path: '/offline.html' },
  { name: 'forgot-password', as: 'visitor', path: '/forgot-password' },
  { name: 'reset-password', as: 'visitor', path: '/reset-password?token=x' },
  { name: 'verify-email', as: 'visitor', path: '/verify-email?token=x' },
  { name: 'verify', as: 'person', path: '/verify?sent=1' },
  { name: 'profile', as: 'person', path: '/account/profile' },
  { name: 'security', as: 'person', path: '/account/security' },
  {
    name: 'security-authenticator',
    as: 'person',
    path: '/account/security',
    async act(page) {
      await page.locator('section:nth-of-type(2) button').click()
      await page.locator('[role=dialog] svg[role=img]').waitFor()
    },
  },
  {
    name: 'security-recovery-codes',
    as: 'person',
    path: '/account/security',
    async act(page) {
      const recoveryCodes = Array.from({ length: 10 }, (_, i) => `k7qd-${4821 + 137 * i}-mx${i}p`)
      await page.route('**/totp/confirmation', (route) => route.fulfill({ json: { recoveryCodes } }))
      await page.locator('section:nth-of-type(2) button').click()
      await page.locator('[autocomplete=one-time-code]').fill('123456')
      await page.locator('[role=dialog] li').first().waitFor()
    },
  },
  {
    name: 'confirm-identity',
    as: 'person',
    path: '/account/security',
    async act(page) {
      const body = JSON.stringify({ type: '', title: 'Confirm', status: 403, code: 'confirmationNeeded' })
      const contentType = 'application/problem+json'
      await page.route('**/api/me/totp', (route) => route.fulfill({ status: 403, contentType, body }))
      await page.locator('section:nth-of-type(2) button').click()
      await page.locator('[role=dialog] [autocomplete=current-password]').waitFor()
    },
  },
  { name: 'sessions', as: 'person', path: '/account/sessions' },
  { name: 'notifications', as: 'person', path: '/account/notifications' },
  {
    name: 'programs-shown',
    as: 'person',
    path: '/account/programs',
    async act(page) {
      await page.locator('button:has(svg.lucide-plus)').click()
      await page.locator('[role=dialog] [data-path=name]').fill('Thunderbird')
      await page.locator('[role=dialog] button[type=submit]').click()
      await page.locator('[role=dialog] pre').waitFor()
    },
  },
  {
    name: 'programs',
    as: 'person',
    path: '/account/programs',
    // The doors of an installation for tests are at any free ports.
    async act(page) {
      const host = 'mail.sweets.example'
      const submission = { host, port: 587, security: 'starttls' }
      const submissions = { host, port: 465, security: 'tls' }
      const json = { address: 'mina@sweets.example', submission, submissions }
      await page.route('**/api/mail/setup', (route) => route.fulfill({ json }))
      await page.reload()
      await page.getByText(host).waitFor()
    },
  },
  { name: 'keys', as: 'person', path: '/account/keys' },
  {
    name: 'keys-new',
    as: 'person',
    path: '/account/keys',
    async act(page) {
      await page.locator('button:has(svg.lucide-plus)').click()
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'keys-shown',
    as: 'person',
    path: '/account/keys',
    async act(page) {
      await page.locator('button:has(svg.lucide-plus)').click()
      await page.locator('[role=dialog] [data-path=name]').fill('Backup script')
      await page.locator('[role=dialog] button[type=submit]').click()
      await page.locator('[role=dialog] pre').waitFor()
    },
  },
  { name: 'keys-listed', as: 'person', path: '/account/keys' },
  { name: 'privacy', as: 'person', path: '/account/privacy' },
  {
    name: 'palette',
    as: 'person',
    path: '/account/profile',
    async act(page) {
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'shortcuts',
    as: 'person',
    path: '/account/profile',
    async act(page) {
      await page.keyboard.press('?')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'account-menu',
    as: 'person',
    path: '/account/profile',
    async act(page) {
      await page.locator('header button[aria-haspopup=menu]').click()
      await page.getByRole('menu').waitFor()
    },
  },
  {
    name: 'failed',
    as: 'person',
    path: '/account/profile',
    async act(page) {
      await page.route('**/api/me/sessions', (route) => route.abort())
      await page.goto('/account/sessions')
      await page.getByRole('alert').waitFor({ timeout: 20_000 })
    },
  },
  {
    name: 'navigation',
    as: 'person',
    path: '/account/profile',
    async act(page) {
      const burger = page.locator('header button[aria-expanded]')
      if (await burger.isVisible()) await burger.click()
    },
  },
  { name: 'not-found', as: 'person', path: '/nothing/here' },
]

/** Goes there and waits until nothing loads any more. */
export async function showScene(page: Page, scene: Scene): Promise<void> {
  await page.goto(scene.path)
  await settled(page)
  await scene.act?.(page)
  await settled(page)
}

async function settled(page: Page): Promise<void> {
  await page.locator('main h1, main [role=alert], main p').first().waitFor()
  await page.waitForFunction(
    `document.fonts.ready.then(() => !document.querySelector('[aria-busy=true]') && document.fonts.status === 'loaded')`,
  )
}
