// oxlint-disable max-lines -- one installation and one browser serve the whole story
/** Writing mail and the mail's settings, in a browser, as somebody does on the first days. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import type { Client } from '#contracts/client.ts'
import type { mail } from '#contracts/mail.ts'
import { findings } from './findings.ts'
import { openInstallation, type Installation, type Visit } from './installation.ts'
import { picture } from './letters.ts'
import { mailWritingScenes } from './mail-writing-scenes.ts'
import { password, people, populate, signIn } from './people.ts'
import { showScene } from './scenes.ts'

let installation: Installation
let visit: Visit
let page: Page
let mina: Client<typeof mail>
let rahim: Client<typeof mail>
before(async () => {
  installation = await openInstallation()
  await populate(installation)
  mina = await mailOf('mina')
  rahim = await mailOf('rahim')
  visit = await installation.visit({ locale: 'en-GB', viewport: { width: 1280, height: 900 } })
  page = visit.page
  page.setDefaultTimeout(10_000)
  await signIn(page, 'mina')
})
after(async () => {
  await visit?.[Symbol.asyncDispose]()
  await installation?.[Symbol.asyncDispose]()
})

async function mailOf(userid: string): Promise<Client<typeof mail>> {
  const answer = await installation.identity.login({ userid, password })
  if (!('token' in answer)) throw new Error(`${userid} has a second factor`)
  return installation.mailOf(answer.token)
}

const dialog = () => page.locator('[role=dialog][aria-modal=true]')
const composer = (on = page): Locator => on.locator('[data-compose]').last()
const button = (name: string | RegExp) => page.getByRole('button', { name })
const text = () => composer().locator('.tiptap')
const to = () => composer().getByLabel('To', { exact: true })
const subject = () => composer().getByLabel('Subject')
const saved = () => composer().locator('[data-keeping=saved]').waitFor()

/** Of what another test left, nothing is there. */
async function openComposer(path = '/mail/drafts'): Promise<void> {
  await page.evaluate('localStorage.clear()')
  await page.goto(path)
  await page.locator('main h1').waitFor()
  await page.getByRole('button', { name: 'Compose' }).click()
  await text().waitFor()
}

async function discard(): Promise<void> {
  await composer().getByRole('button', { name: 'Discard' }).click()
  await page.locator('[data-compose]').waitFor({ state: 'detached' })
}

/** The newest message of a mailbox, once there is one with the subject. */
async function newest(client: Client<typeof mail>, query: string) {
  for (const startedAt = Date.now(); Date.now() - startedAt < 20_000;) {
    const { items } = await client.searchMail({ query })
    if (items[0]) {
      const { messages } = await client.showThread({ threadId: items[0].id })
      return messages.at(-1)!
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`nothing is found by ${query}`)
}

test('the time to take a message back is chosen, and kept', async () => {
  await page.goto('/mail/settings/general')
  await page.getByLabel('Time to undo sending').selectOption('5')
  await page.getByLabel('Forums').uncheck()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Saved.').waitFor()
  const { undoSeconds, categories } = await mina.showMailPreferences({})
  assert.equal(undoSeconds, 5)
  assert.ok(!categories.includes('forums'))
})

test('a signature is made, and stands in a new message', async () => {
  await page.goto('/mail/settings/signatures')
  await button('New signature').click()
  await dialog().getByLabel('Name').fill('Work')
  await dialog().locator('.tiptap').click()
  await page.keyboard.type('Mina Akter, Mina’s Sweets')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await page.getByLabel('In new messages').selectOption({ label: 'Work' })
  await openComposer()
  await text().locator('.mail-signature').getByText('Mina Akter, Mina’s Sweets').waitFor()
  // Nothing was written, so nothing is kept.
  await composer().getByRole('button', { name: 'Save and close' }).click()
  assert.deepEqual((await mina.listDrafts({})).items, [])
})

test('a message with formats, a file and a picture comes to a colleague', async () => {
  await openComposer()
  await to().pressSequentially('rah')
  await page.getByRole('option', { name: /olivia@sweets\.example/ }).waitFor()
  await page.keyboard.type('im')
  await page.getByRole('option', { name: /rahim@sweets\.example/ }).waitFor()
  await page.keyboard.press('Enter')
  await composer().getByText('রহিম উদ্দিন').waitFor()
  await subject().fill('Sugar for Friday')
  await text().click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('We need ')
  await composer().getByRole('button', { name: 'Bold' }).click()
  await page.keyboard.type('ten sacks')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Control+b')
  await composer().getByRole('button', { name: 'Numbered list' }).click()
  await page.keyboard.type('white')
  await composer()
    .locator('input[type=file]')
    .setInputFiles({ name: 'দাম.csv', mimeType: 'text/csv', buffer: Buffer.from('sugar,90\n') })
  await composer().getByText('দাম.csv').waitFor()
  await paste({ 'image/png': picture.toString('base64') })
  await text().locator('img[alt="pasted.png"]').waitFor()
  await saved()
  await page.keyboard.press('Control+Enter')
  await page.getByText('Sent.').waitFor()
  const message = await newest(rahim, 'subject:"Sugar for Friday"')
  assert.deepEqual(message.attachments.map(({ fileName, isInline }) => [fileName, isInline]).toSorted(), [
    ['pasted.png', true],
    ['দাম.csv', false],
  ])
  const { html, text: plain, inlineParts } = await rahim.showMessageBody({ messageId: message.id })
  assert.match(html ?? '', /<strong>ten sacks<\/strong>/)
  assert.match(html ?? '', /<ol[^>]*><li>/)
  assert.match(html ?? '', new RegExp(`src="cid:${inlineParts[0]!.contentId}"`))
  assert.match(plain ?? '', /We need ten sacks\r?\n1\. white \[pasted\.png\]/)
  assert.match(plain ?? '', /Mina Akter, Mina’s Sweets/)
})

test('sending is taken back, and the draft is open as it was', async () => {
  await openComposer()
  await to().fill('rahim@sweets.example,')
  await subject().fill('Too early')
  await text().click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('wait')
  await composer().getByRole('button', { name: 'Send', exact: true }).click()
  await page.locator('[data-compose]').waitFor({ state: 'detached' })
  await button('Undo').last().click()
  await text().getByText('wait').waitFor()
  assert.equal(await subject().inputValue(), 'Too early')
  await composer().getByText('rahim@sweets.example').waitFor()
  assert.deepEqual((await rahim.searchMail({ query: 'subject:"Too early"' })).items, [])
  await discard()
})

test('what has no address, no subject or no attachment is asked about', async () => {
  await openComposer()
  await text().click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('The prices are attached.')
  await composer().getByRole('button', { name: 'Send', exact: true }).click()
  await composer().getByText('To whom?').waitFor()
  await to().fill('rahim@sweets.example, nobody')
  await page.keyboard.press('Tab')
  await composer().getByRole('button', { name: 'Send', exact: true }).click()
  await composer().getByText('An address is not right').waitFor()
  await composer().getByRole('button', { name: 'Remove nobody' }).click({ force: true })
  await composer().getByRole('button', { name: 'Send', exact: true }).click()
  await dialog().getByText('It has no subject.').waitFor()
  await dialog().getByText('there is none').waitFor()
  await dialog().getByRole('button', { name: 'Go on writing' }).click()
  await discard()
})

test('many pasted addresses become people', async () => {
  await openComposer()
  await to().focus()
  await paste({
    'text/plain': 'Karim Mia <karim@flour.example>; "Das, Anika" <anika@b.example>\nx@y.example',
  })
  for (const name of ['Karim Mia', 'Das, Anika', 'x@y.example']) await composer().getByText(name).waitFor()
  await composer().getByRole('button', { name: 'Remove Das, Anika' }).click({ force: true })
  assert.equal(await composer().getByText('Das, Anika').count(), 0)
  await discard()
})

test('HTML that is pasted can run nothing and fetches nothing', async () => {
  await openComposer()
  await text().click()
  await paste({
    'text/html':
      '<p>safe <b>bold</b></p><script>globalThis.hurt = 1</script><img src="https://tracker.example/x.gif" onerror="globalThis.hurt = 1"><a href="javascript:globalThis.hurt = 1">link</a><svg onload="globalThis.hurt = 1"></svg>',
  })
  await text().getByText('bold').waitFor()
  const html = await text().innerHTML()
  assert.doesNotMatch(html, /script|tracker|javascript:|onerror|svg/)
  assert.equal(await page.evaluate('globalThis.hurt'), undefined)
  // What the browser reports there is what it refused.
  assert.deepEqual(
    visit.problems.filter((problem) => !/inline event handler/.test(problem)),
    [],
  )
  visit.problems.length = 0
  await discard()
})

test('several windows are open at once, folded away and filling the page', async () => {
  await openComposer()
  await subject().fill('one')
  await button('Compose').click()
  await page.getByRole('dialog', { name: 'New message' }).waitFor()
  await page.getByRole('dialog', { name: 'one' }).waitFor()
  await subject().fill('two')
  await composer().getByRole('button', { name: 'Minimise' }).click()
  await text().waitFor({ state: 'hidden' })
  await button('Open: two').click()
  await text().waitFor()
  await composer().getByRole('button', { name: 'Full screen' }).click()
  await composer().getByRole('button', { name: 'Back to the corner' }).click()
  // They stay while one goes about.
  await page.getByRole('link', { name: 'Mail settings' }).click()
  await page.getByRole('heading', { name: 'General' }).waitFor()
  assert.equal(await page.locator('[data-compose]').count(), 2)
  await composer().getByRole('button', { name: 'Discard' }).click()
  await discard()
})

test('what was not saved when the tab went is there again', async () => {
  await openComposer()
  await page.route('**/api/mail/drafts/**', (route) => route.abort())
  await subject().fill('Not lost')
  await text().click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('every word')
  await composer().locator('[data-keeping=local]').waitFor()
  await page.unrouteAll()
  await page.goto('/mail/drafts')
  await button('Open: Not lost').click()
  await text().getByText('every word').waitFor()
  await composer().getByText('Here it is again').waitFor()
  await saved()
  assert.equal((await mina.listDrafts({})).items[0]?.content.subject, 'Not lost')
  await discard()
})

test('of a draft that was changed elsewhere one takes either', async () => {
  await openComposer()
  await subject().fill('first')
  await saved()
  const changeElsewhere = async (elsewhere: string) => {
    const { items } = await mina.listDrafts({})
    const { id: draftId, version, content } = items.find((one) => one.content.subject === 'first')!
    await mina.saveDraft({ draftId, version, content: { ...content, subject: elsewhere } })
  }
  await changeElsewhere('theirs')
  await subject().fill('mine')
  await button('Take that one').click()
  await page.getByRole('dialog', { name: 'theirs' }).waitFor()
  assert.equal(await subject().inputValue(), 'theirs')
  await subject().fill('first')
  await saved()
  await changeElsewhere('theirs again')
  await subject().fill('mine')
  await button('Keep this as a new draft').click()
  await saved()
  const subjects = (await mina.listDrafts({})).items.map(({ content }) => content.subject)
  assert.deepEqual(subjects.toSorted(), ['mine', 'theirs again'])
  await discard()
})

test('drafts are listed, opened, thrown away and brought back', async () => {
  await page.goto('/mail/drafts')
  await button(/theirs again/)
    .first()
    .click()
  await text().waitFor()
  await composer().getByRole('button', { name: 'Save and close' }).click()
  await button('Discard: theirs again').click()
  await page.getByText('There are no drafts').waitFor()
  await button('Undo').last().click()
  await button('Discard: theirs again').waitFor()
  await button('Discard: theirs again').click()
  await page.getByText('There are no drafts').waitFor()
})

test('a message is sent later, and stays until then', async () => {
  await openComposer()
  await to().fill('rahim@sweets.example,')
  await subject().fill('Tomorrow')
  await button('Send later').click()
  await page.getByRole('menuitem', { name: /Tomorrow morning/ }).click()
  await page.getByText(/^It goes /).waitFor()
  const { items: mailboxes } = await mina.listMailboxes({})
  const scheduled = mailboxes.find(({ role }) => role === 'scheduled')!
  const { items } = await mina.listThreads({ mailboxId: scheduled.id })
  assert.deepEqual(
    items.map(({ subject }) => subject),
    ['Tomorrow'],
  )
})

test('answers quote what they answer, and go to everybody but oneself', async () => {
  await rahim.sendMail({
    to: [{ address: 'mina@sweets.example' }],
    cc: [{ address: 'anika@sweets.example' }],
    subject: 'Flour',
    html: '<p>How <i>much</i>?</p><img src="https://tracker.example/x.gif"><script>1</script>',
    text: 'How much?',
  })
  const message = await newest(mina, 'subject:Flour in:inbox')
  await page.goto(`/mail/inbox/${message.threadId}`)
  await page.getByRole('heading', { name: 'Flour' }).waitFor()
  await page.keyboard.press('a')
  await text().waitFor()
  assert.equal(await subject().inputValue(), 'Re: Flour')
  await composer().getByText('রহিম উদ্দিন').or(composer().getByText('rahim@sweets.example')).first().waitFor()
  await composer().getByText('anika@sweets.example').waitFor()
  assert.equal(await composer().getByText('mina@sweets.example').count(), 0)
  await page.keyboard.type('Two sacks.')
  await button('Show the quoted text').click()
  await composer().frameLocator('iframe').getByText('much').waitFor()
  await composer().getByRole('button', { name: 'Send', exact: true }).click()
  await page.locator('[data-compose]').waitFor({ state: 'detached' })
  const answer = await newest(rahim, 'subject:"Re: Flour" from:mina')
  assert.equal(answer.threadId, (await newest(rahim, 'in:sent subject:Flour')).threadId)
  const { html, text: plain } = await rahim.showMessageBody({ messageId: answer.id })
  assert.match(html ?? '', /Two sacks\..*<blockquote[^>]*><p>How <i>much<\/i>/s)
  assert.doesNotMatch(html ?? '', /<script/)
  assert.match(plain ?? '', /^Two sacks\.[\s\S]*wrote:\r?\n> How much\?/)
})

test('what is forwarded brings its attachments along', async () => {
  const { blob, mediaType, sizeBytes } = await uploaded('price list')
  const file = { blob, mediaType, sizeBytes, fileName: 'prices.txt' }
  await rahim.sendMail({ to: 'mina@sweets.example', subject: 'Prices', text: 'Here.', attachments: [file] })
  const message = await newest(mina, 'subject:Prices in:inbox')
  await page.goto(`/mail/inbox/${message.threadId}`)
  await page.getByRole('heading', { name: 'Prices' }).waitFor()
  await page.keyboard.press('f')
  await composer().getByText('prices.txt').waitFor()
  assert.equal(await subject().inputValue(), 'Fwd: Prices')
  await to().fill('anika@sweets.example,')
  await composer().getByRole('button', { name: 'Send', exact: true }).click()
  await page.locator('[data-compose]').waitFor({ state: 'detached' })
  const sent = await newest(mina, 'subject:"Fwd: Prices" in:sent')
  assert.deepEqual(
    sent.attachments.map(({ fileName }) => fileName),
    ['prices.txt'],
  )
  const { text: plain } = await mina.showMessageBody({ messageId: sent.id })
  assert.match(plain ?? '', /Forwarded message[\s\S]*Subject: Prices[\s\S]*Here\./)
})

test('a filter is tried before it is kept, and acts on what is there', async () => {
  await page.goto('/mail/settings/filters?query=from:rahim')
  await dialog()
    .getByText(/It would have taken \d+ message/)
    .waitFor()
  assert.equal(await dialog().getByLabel('From').inputValue(), 'rahim')
  await dialog().getByLabel('Star it').check()
  await dialog().getByLabel('Also do it to the mail that is there now').check()
  await dialog().getByRole('button', { name: 'Save' }).click()
  await page.getByText(/It took \d+ messages?\./).waitFor()
  await page.getByRole('row').filter({ hasText: 'from:rahim' }).getByText('Star it').waitFor()
  assert.equal((await newest(mina, 'subject:Prices in:inbox')).isFlagged, true)
  await button('Undo').last().click()
  await page.getByText(/as (it was|they were)/).waitFor()
  assert.equal((await newest(mina, 'subject:Prices in:inbox')).isFlagged, false)
  await page.goto('/mail/settings/filters')
  await button('New filter').click()
  await dialog().getByLabel('Write it as a search').check()
  await dialog().getByLabel('Which mail').fill('before:never')
  await dialog().getByText('can’t be understood').waitFor()
})

test('away, contacts and forwarding are set', async () => {
  await page.goto('/mail/settings/vacation')
  await page.getByLabel('Answer while I am away').check()
  await page.getByLabel('First day').fill('2030-01-07')
  await page.getByLabel('Last day').fill('2030-01-06')
  await page.getByLabel('What it says').fill('Back soon.')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('before the first').waitFor()
  await page.getByLabel('Last day').fill('2030-01-09')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Saved.').waitFor()
  const { vacation } = await mina.showMailPreferences({})
  assert.deepEqual([vacation.isOn, vacation.text], [true, 'Back soon.'])

  await page.goto('/mail/settings/contacts')
  await button('New contact').click()
  await dialog().getByLabel('Address').fill('bad@shop.example')
  await dialog().getByLabel('Spam filter').selectOption('block')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await page.getByRole('row').filter({ hasText: 'bad@shop.example' }).getByText('Always spam').waitFor()
  await button('Remove bad@shop.example').click()
  await page.getByText('The contact is removed.').waitFor()
  await button('Undo').last().click()
  await page.getByRole('row').filter({ hasText: 'bad@shop.example' }).waitFor()

  await page.goto('/mail/settings/forwarding')
  await page.getByRole('textbox', { name: 'Address' }).fill('rahim@sweets.example')
  await button('Send the code').click()
  const { id } = await newest(rahim, 'to:rahim in:inbox newer_than:1d code OR কোড')
  const { text: letter } = await rahim.showMessageBody({ messageId: id })
  await page.getByLabel('Code from the message').fill('000000')
  await button('Confirm').click()
  await page.getByText('The code is wrong').waitFor()
  await page.getByLabel('Code from the message').fill(/\b\d{6,8}\b/.exec(letter ?? '')![0])
  await button('Confirm').click()
  await page.getByText('The address is confirmed.').waitFor()
  await page.getByLabel('Forward everything to rahim@sweets.example').click({ force: true })
  await page
    .locator('[aria-label="Forward everything to rahim@sweets.example"]:checked')
    .waitFor({ state: 'attached' })
})

test('mail is brought in from a file, and taken along', async () => {
  const eml =
    'From: karim@flour.example\r\nSubject: Long ago\r\nMessage-ID: <old@flour.example>\r\n\r\nFlour\r\n'
  await page.goto('/mail/settings/transfers')
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'old.eml', mimeType: 'message/rfc822', buffer: Buffer.from(eml) })
  await page.getByText('1 brought in, 0 here already, 0 unreadable').waitFor()
  await newest(mina, 'subject:"Long ago"')
  await button('Make an export').click()
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download' }).click()
  assert.match((await download).suggestedFilename(), /\.(tar|zip|tgz|mbox)/)
})

test('an admin adds a domain, sees what its DNS lacks, and makes a group of it', async () => {
  await using other = await installation.visit({ locale: 'en-GB', viewport: { width: 1280, height: 900 } })
  const admin = other.page
  admin.setDefaultTimeout(10_000)
  const question = admin.getByRole('dialog')
  await signIn(admin, people.admin.en)
  await admin.goto('/admin/mail/domains')
  await admin.getByRole('button', { name: 'Add a domain' }).click()
  await question.getByLabel('Domain').fill('cakes.example')
  await question.getByRole('button', { name: 'Add' }).click()
  await admin.getByText(/records are still to be set/).waitFor()
  await admin.getByRole('listitem').filter({ hasText: 'Where mail goes' }).getByText('Missing').waitFor()

  await admin.goto('/admin/mail/addresses')
  await admin.getByRole('button', { name: 'New address' }).click()
  await question.getByText('Group', { exact: true }).click()
  await question.getByLabel('Address', { exact: true }).fill('orders@cakes.example')
  await question.getByLabel('People').fill('rahim')
  await admin.getByRole('option', { name: /rahim@sweets\.example/ }).click()
  await admin.keyboard.press('Tab')
  await question.getByRole('button', { name: 'Save' }).click()
  await admin.getByRole('row').filter({ hasText: 'orders@cakes.example' }).getByText('Group').waitFor()
  await mina.sendMail({ to: 'orders@cakes.example', subject: 'Twelve cakes', text: 'Please.' })
  await newest(rahim, 'subject:"Twelve cakes" in:inbox')

  await admin.goto('/admin/mail/domains/records?name=cakes.example')
  await admin.getByRole('button', { name: 'Remove' }).click()
  await question.getByRole('button', { name: 'Remove' }).click()
  await question.getByText('Somebody has an address of it.').waitFor()
  assert.deepEqual(other.problems, [])
})

test('an admin holds a message that waits, and gives it up', async () => {
  installation.names.zone['slow.example'] = 'SERVFAIL'
  await mina.sendMail({ to: 'karim@slow.example', subject: 'Waits', text: 'x' })
  await using other = await installation.visit({ locale: 'en-GB', viewport: { width: 1280, height: 900 } })
  const admin = other.page
  admin.setDefaultTimeout(20_000)
  await signIn(admin, people.admin.en)
  await admin.goto('/admin/mail/queue')
  const waiting = admin.getByRole('row').filter({ hasText: 'slow.example' })
  await waiting.getByRole('button').click()
  const drawer = admin.getByRole('dialog')
  await drawer.getByText('karim@slow.example').waitFor()
  await drawer.getByRole('button', { name: 'Do something' }).click()
  await admin.getByRole('menuitem', { name: 'Hold' }).click()
  await waiting.getByText('Held').waitFor()
  await drawer.getByRole('button', { name: 'Do something' }).click()
  await admin.getByRole('menuitem', { name: 'Give up' }).click()
  await admin.getByRole('dialog', { name: 'Give up?' }).getByRole('button', { name: 'Give up' }).click()
  await waiting.waitFor({ state: 'detached' })
  assert.deepEqual(other.problems, [])
})

test('every page of it works under the content security policy', () => {
  assert.deepEqual(visit.problems, [])
})

for (const as of ['person', 'admin'] as const)
  test(`the pages where mail is written and set up, as the ${as} sees them, have no serious accessibility findings`, async () => {
    const found: string[] = []
    for (const look of looks) {
      // The policy of the page would refuse axe's script.
      await using other = await installation.visit({ ...look, bypassCSP: true })
      await signIn(other.page, people[as].en)
      for (const scene of mailWritingScenes.filter((one) => one.as === as)) {
        await showScene(other.page, scene)
        found.push(...(await findings(other.page)).map((one) => `${scene.name}, ${look.colorScheme}: ${one}`))
      }
    }
    assert.deepEqual(found, [])
  })

const looks = [
  { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const

/** As `rahim`. */
async function uploaded(content: string) {
  return rahim.uploadAttachment({ upload: new Blob([content], { type: 'text/plain' }) as never })
}

/** What a clipboard has, by its types; what is binary in base64. */
async function paste(data: Record<string, string>): Promise<void> {
  await page.evaluate(`{
    const transfer = new DataTransfer()
    for (const [type, content] of Object.entries(${JSON.stringify(data)}))
      if (type.startsWith('image/'))
        transfer.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], 'pasted.png', { type }))
      else transfer.setData(type, content)
    document.activeElement.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }),
    )
  }`)
}
