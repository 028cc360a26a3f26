/** One account from the owner's first visit to its end, as people click through it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TOTP } from 'otpauth'
import type { BrowserContextOptions, Page } from 'playwright-core'
import type { Language } from '#contracts/identity/account.ts'
import { wordsOf } from '#web/app/words.ts'
import { bn } from '#web/messages/bn.ts'
import { en } from '#web/messages/en.ts'
import { openInstallation, totpOf, type Visit } from './installation.ts'
import { password } from './people.ts'
import { fillInstallation, fillOwner } from './scenes.ts'

const looks: Record<string, { language: Language; browser: BrowserContextOptions }> = {
  'on a desktop': { language: 'en', browser: { locale: 'en-GB', viewport: { width: 1280, height: 800 } } },
  'on a phone': { language: 'en', browser: { locale: 'en-GB', viewport: { width: 390, height: 844 } } },
  'in Bengali': { language: 'bn', browser: { locale: 'bn-BD', viewport: { width: 390, height: 844 } } },
}

for (const [where, { language, browser }] of Object.entries(looks))
  test(`from the set-up to the off-boarding, ${where}`, async () => {
    await using installation = await openInstallation()
    const { t } = wordsOf(language, { en, bn }[language])
    await using owner = await installation.visit(browser)
    await owner.page.goto(`/setup?token=${installation.setUpToken}`)
    await fillInstallation(owner.page)
    await fillOwner(owner.page)
    await owner.page.getByRole('button', { name: t('setup.finish') }).click()
    await owner.page.getByRole('button', { name: t('setup.enter') }).click()
    await owner.page.waitForURL((url) => !url.pathname.startsWith('/setup'))

    await using person = await installation.visit(browser)
    const { page } = person
    await page.goto('/sign-up')
    await page.locator('[data-path="name"]').fill('Salma Begum')
    await page.locator('[data-path="userid"]').fill('salma')
    await page.locator('[data-path="phone"]').fill('01912 345678')
    await page.locator('[data-path="password"]').fill(password)
    await page.locator('button[type=submit]').click()
    await page.getByText(t('verify.sent', { address: '+8801912345678' })).waitFor()
    await page.getByLabel(t('field.code')).fill(await codeInOutbox(owner.page, '+8801912345678'))
    await page.waitForURL('**/account/profile')

    const authenticator = await withAuthenticator(page)
    await page.goto('/account/security')
    await page.getByRole('button', { name: t('totp.add') }).click()
    const secret = (await page.getByText(/^([A-Z2-7]{4} ?)+$/).textContent()) ?? ''
    await page.getByLabel(t('totp.code')).fill(totpOf(secret))
    await page.getByLabel(t('recovery.kept')).check()
    await page.getByRole('button', { name: t('action.done') }).click()
    await page.getByRole('button', { name: t('passkeys.add') }).click()
    await page.getByText(t('passkeys.added')).waitFor()
    assert.equal(await authenticator.count(), 1)

    await using second = await installation.visit(browser)
    await signInWithCode(second, secret, t('field.code'))
    await page.context().clearCookies()
    await page.goto('/sign-in')
    const isIn = page.waitForURL('**/account/**')
    // An authenticator that answers at once may sign in before the button is there to be clicked (conditional mediation).
    const clicked = page.getByRole('button', { name: t('signIn.passkey') }).click()
    await Promise.race([isIn, clicked.catch(() => undefined)])
    await isIn

    await owner.page.goto('/admin/accounts')
    await owner.page.getByRole('link', { name: 'Salma Begum' }).click()
    await owner.page.getByRole('button', { name: t('account.offboardAction') }).click()
    const thrownOut = Promise.all(
      [page, second.page].map(async (one) => {
        await one.getByText(t('signIn.ended')).waitFor({ timeout: 5_000 })
        return Date.now()
      }),
    )
    const startedAt = Date.now()
    await owner.page
      .getByRole('dialog')
      .getByRole('button', { name: t('account.offboardAction') })
      .click()
    const ms = Math.max(...(await thrownOut)) - startedAt
    assert.ok(ms < 1_000, `${ms} ms`)
    for (const { problems } of [owner, person, second]) assert.deepEqual(problems, [])
  })

/** As the owner reads it in the outbox. */
async function codeInOutbox(page: Page, recipient: string): Promise<string> {
  await page.goto('/admin/outbox')
  await page.getByRole('link', { name: recipient }).first().click()
  const sixDigits = /(?<![\d০-৯])[\d০-৯]{6}(?![\d০-৯])/
  const text = page.getByRole('dialog').getByText(sixDigits).first()
  return sixDigits.exec((await text.textContent()) ?? '')![0]
}

/** What a browser has that keeps passkeys and knows its owner. */
async function withAuthenticator(page: Page) {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return {
    async count(): Promise<number> {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId })
      return credentials.length
    },
  }
}

/** The code of the next half minute: the present one was used to turn it on. */
async function signInWithCode({ page }: Visit, secret: string, label: string): Promise<void> {
  await page.goto('/sign-in')
  await page.locator('[data-path="userid"]').fill('salma')
  await page.locator('[data-path="password"]').fill(password)
  await page.locator('button[type=submit]').click()
  const totp = new TOTP({ secret: secret.replaceAll(' ', '') })
  await page.getByLabel(label).fill(totp.generate({ timestamp: Date.now() + 30_000 }))
  await page.waitForURL('**/account/**')
}
