import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import type { FilterActions } from '#contracts/mail/settings.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { parseMessage } from '../mime/parse.ts'
import { noteSent } from '../store/contacts.ts'
import { leaveLists } from './leaving.ts'
import { openScene, type RulesScene } from './testing.ts'

let scene: RulesScene
before(async () => {
  scene = await openScene()
})
after(() => scene[Symbol.asyncDispose]())

const nothing: FilterActions = {
  archive: false,
  markSeen: false,
  flag: false,
  labelIds: [],
  category: null,
  moveTo: null,
  neverSpam: false,
  forwardTo: null,
}

test('filters are kept, tried out, applied and undone', async () => {
  const client = scene.as(scene.me)
  const { id: labelId } = await client.createLabel({ name: 'Bills' })
  const ids = []
  for (const subject of ['Invoice 1', 'Invoice 2', 'Hello'])
    ids.push(
      await scene.arrive(
        scene.me,
        `From: shop@y.example\r\nTo: me@x.example\r\nSubject: ${subject}\r\n\r\ntext\r\n`,
      ),
    )
  const trial = await client.tryFilter({ query: 'subject:invoice' })
  assert.equal(trial.messages, 2)
  assert.deepEqual(
    trial.examples.map(({ subject }) => subject),
    ['Invoice 2', 'Invoice 1'],
  )

  const filterId = v7()
  const actions = { ...nothing, archive: true, labelIds: [labelId], markSeen: true }
  await client.saveFilter({ filterId, query: 'subject:invoice', actions })
  assert.deepEqual((await client.listFilters({})).items, [
    { id: filterId, query: 'subject:invoice', actions, isOn: true },
  ])
  const { messages, undoId } = await client.applyFilter({ filterId })
  assert.equal(messages, 2)
  assert.equal((await client.searchMail({ query: 'label:bills is:read -in:inbox' })).items.length, 2)
  await client.undoChange({ undoId: undoId! })
  assert.equal((await client.searchMail({ query: 'label:bills' })).items.length, 0)
  assert.equal((await client.searchMail({ query: 'in:inbox is:unread subject:invoice' })).items.length, 2)

  const stranger = scene.as(scene.other)
  assert.deepEqual((await stranger.listFilters({})).items, [])
  await assert.rejects(stranger.applyFilter({ filterId }), { code: 'notFound' })
  await assert.rejects(stranger.saveFilter({ filterId, query: 'x', actions: nothing }), { code: 'notFound' })
  await assert.rejects(stranger.deleteFilter({ filterId }), { code: 'notFound' })
  await assert.rejects(client.saveFilter({ filterId: v7(), query: 'larger:x', actions: nothing }), {
    code: 'badSearch',
  })
  await assert.rejects(client.searchMail({ query: 'before:never' }), { code: 'badSearch' })
  await assert.rejects(
    client.saveFilter({ filterId: v7(), query: 'x', actions: { ...nothing, forwardTo: 'a@b.example' } }),
    { code: 'noSuchForwarding' },
  )
  await assert.rejects(
    client.saveFilter({ filterId: v7(), query: 'x', actions: { ...nothing, labelIds: [v7()] } }),
    { code: 'invalid' },
  )
  await client.deleteFilter({ filterId })
  assert.deepEqual((await client.listFilters({})).items, [])
})

test('a search goes on behind its cursor', async () => {
  const client = scene.as(scene.me)
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await client.searchMail({
      query: 'from:shop',
      limit: 1,
      ...(cursor !== undefined && { cursor }),
    })
    found.push(...page.items.map(({ subject }) => subject))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  assert.deepEqual(found, ['Hello', 'Invoice 2', 'Invoice 1'])
  await assert.rejects(client.searchMail({ query: 'from:shop', cursor: 'none' }), { code: 'invalid' })
})

test('a filter holds for mail that comes from then on, in every process', async () => {
  const client = scene.as(scene.me)
  const account = { id: scene.me } as Parameters<RulesScene['rules']['actionsFor']>[0]
  const message = parseMessage(Buffer.from('From: shop@y.example\r\nSubject: Sale\r\n\r\nnow\r\n'))
  const act = () => scene.rules.actionsFor(account, message, { category: 'primary', isSpam: false })
  assert.equal(await act(), undefined)
  const filterId = v7()
  await client.saveFilter({
    filterId,
    query: 'from:y.example',
    actions: { ...nothing, flag: true, moveTo: 'junk' },
  })
  await eventually(async () => (await act())?.moveTo === 'junk')
  const second = v7()
  await client.saveFilter({
    filterId: second,
    query: 'subject:sale',
    actions: { ...nothing, neverSpam: true, category: 'promotions' },
  })
  await eventually(async () => (await act())?.neverSpam === true)
  const actions = await act()
  assert.deepEqual(
    [actions?.moveTo, actions?.flag, actions?.neverSpam, actions?.category],
    [null, true, true, 'promotions'],
  )
  for (const id of [filterId, second]) await client.deleteFilter({ filterId: id })
  await eventually(async () => (await act()) === undefined)
})

test('an address is forwarded to once its owner has given back the code', async () => {
  const client = scene.as(scene.me)
  await assert.rejects(client.addForwarding({ address: 'not an address' }), { code: 'badAddress' })
  await assert.rejects(client.addForwarding({ address: 'me@x.example' }), { code: 'badAddress' })
  const address = 'Elsewhere@Z.example'
  await client.addForwarding({ address })
  const [sent] = await scene.sentTo('elsewhere@z.example')
  const code = /\d{6}/.exec(sent!.subject)![0]
  assert.equal(sent!.sender, '')
  assert.deepEqual((await client.listForwardings({})).items, [
    { address: 'elsewhere@z.example', isConfirmed: false, forwardsAll: false },
  ])
  await assert.rejects(client.changeForwarding({ address, forwardsAll: true }), { code: 'notFound' })
  await client.addForwarding({ address })
  assert.equal((await scene.sentTo('elsewhere@z.example')).length, 1, 'not again at once')
  const wrong = code === '000000' ? '000001' : '000000'
  await assert.rejects(client.confirmForwarding({ address, code: wrong }), { code: 'wrongCode' })
  await assert.rejects(scene.as(scene.other).confirmForwarding({ address, code }), { code: 'wrongCode' })
  await client.confirmForwarding({ address, code: ` ${code} ` })
  await client.changeForwarding({ address, forwardsAll: true })
  assert.deepEqual((await client.listForwardings({})).items, [
    { address: 'elsewhere@z.example', isConfirmed: true, forwardsAll: true },
  ])

  await client.addForwarding({ address: 'second@z.example' })
  const [second] = await scene.sentTo('second@z.example')
  const right = /\d{6}/.exec(second!.subject)![0]
  for (let attempt = 0; attempt < 5; attempt++)
    await assert.rejects(
      client.confirmForwarding({ address: 'second@z.example', code: wrong === right ? '999999' : wrong }),
    )
  await assert.rejects(client.confirmForwarding({ address: 'second@z.example', code: right }), {
    code: 'wrongCode',
  })
})

test('mail is passed on, but not spam and not in circles', async () => {
  const plain = 'From: a@y.example\r\nTo: me@x.example\r\nSubject: passed on\r\n\r\nhello\r\n'
  const before = (await scene.sentTo('elsewhere@z.example')).length
  const passed = async (raw: string, isSpam = false) => {
    await scene.keep(scene.me, raw, { sender: 'a@y.example', isSpam })
    return (await scene.sentTo('elsewhere@z.example')).slice(before)
  }
  await eventually(async () => (await passed(plain)).length > 0)
  const [first] = (await scene.sentTo('elsewhere@z.example')).slice(before)
  assert.equal(first!.subject, 'passed on')
  assert.equal(first!.sender, 'me@x.example')
  assert.match(first!.raw, /^X-Dakghar-Forwarded: 1\r\nReceived: /)
  assert.match(first!.raw, /\r\nDelivered-To: me@x\.example\r\n/)
  const count = (await passed(plain)).length
  assert.equal((await passed(plain, true)).length, count, 'spam')
  assert.equal((await passed(`X-Dakghar-Forwarded: 10\r\n${plain}`)).length, count, 'too often')
  assert.equal(
    (await passed(`Delivered-To: elsewhere@z.example\r\n${plain}`)).length,
    count,
    'came from there',
  )
  assert.equal((await passed(`X-Dakghar-Forwarded: 9\r\n${plain}`)).length, count + 1)
  const here = {
    sender: 'a@y.example',
    prefix: 'X-Dakghar-Forwarded: 1\r\nDelivered-To: elsewhere@z.example\r\n',
  }
  await scene.keep(scene.me, plain, here)
  assert.equal(
    (await passed(`X-Dakghar-Forwarded: 10\r\n${plain}`)).length,
    count + 1,
    'came from there, within the house',
  )
  await scene.as(scene.me).removeForwarding({ address: 'elsewhere@z.example' })
})

test('each sender hears once in some days that the person is away', async () => {
  const client = scene.as(scene.me)
  const vacation = {
    isOn: true,
    from: null,
    until: null,
    subject: 'Away',
    text: 'Until Monday.',
    onlyContacts: false,
    everyDays: 3,
  }
  await assert.rejects(
    client.changeMailPreferences({
      vacation: { ...vacation, from: '2026-02-02T00:00:00Z', until: '2026-02-01T00:00:00Z' },
    }),
    { code: 'invalid' },
  )
  await client.changeMailPreferences({ vacation })
  const raw =
    'From: Bob <bob@y.example>\r\nTo: me@x.example\r\nSubject: Lunch?\r\nMessage-ID: <lunch@y.example>\r\n\r\nhi\r\n'
  const write = (sender: string) => scene.keep(scene.me, raw, { sender })
  await eventually(async () => {
    await write('bob@y.example')
    return (await scene.sentTo('bob@y.example')).length === 1
  })
  await write('Bob@y.example')
  const answers = await scene.sentTo('bob@y.example')
  assert.equal(answers.length, 1)
  const [answer] = answers
  assert.equal(answer!.sender, '')
  assert.equal(answer!.subject, 'Away')
  assert.match(answer!.raw, /^Auto-Submitted: auto-replied\r$/m)
  assert.match(answer!.raw, /^In-Reply-To: <lunch@y\.example>\r$/m)
  assert.match(answer!.raw, /^From: Nasrin Akter <me@x\.example>\r$/m)
  assert.match(answer!.raw, /Until Monday\./)

  await sql`update vacation_answers set answered_at = now() - interval '3 days 1 minute'`.execute(scene.db)
  await write('bob@y.example')
  assert.equal((await scene.sentTo('bob@y.example')).length, 2, 'after three days again')
  await client.changeMailPreferences({ vacation: { ...vacation, text: 'Until Friday.', onlyContacts: true } })
  await eventually(async () => {
    await noteSent(scene.db, scene.me, [{ name: '', address: 'friend@y.example' }])
    await write('friend@y.example')
    await write('stranger@y.example')
    return (await scene.sentTo('friend@y.example')).length === 1
  })
  assert.equal((await scene.sentTo('stranger@y.example')).length, 0)
  await client.changeMailPreferences({ vacation: { ...vacation, isOn: false } })
})

test('leaving a list by mail sends it in the name of the person', async () => {
  const list = 'List-Unsubscribe: <https://y.example/u>, <mailto:leave@lists.y.example?subject=bye%20bye>\r\n'
  const id = await scene.arrive(
    scene.me,
    `From: news@y.example\r\nTo: me@x.example\r\nSubject: News\r\n${list}\r\nnews\r\n`,
  )
  assert.deepEqual(await scene.as(scene.me).unsubscribe({ messageId: id }), { by: 'mail' })
  const [sent] = await scene.sentTo('leave@lists.y.example')
  assert.deepEqual([sent!.subject, sent!.sender], ['bye bye', 'me@x.example'])
  await assert.rejects(scene.as(scene.other).unsubscribe({ messageId: id }), { code: 'notFound' })
  const plain = await scene.arrive(scene.me, 'From: news@y.example\r\nSubject: News\r\n\r\nnews\r\n')
  await assert.rejects(scene.as(scene.me).unsubscribe({ messageId: plain }), { code: 'cannotUnsubscribe' })
})

test('a list is left by one request, which is made again where it was not answered', async () => {
  const header =
    'DKIM-Signature: v=1; d=y.example; s=s; h=from:list-unsubscribe:list-unsubscribe-post; bh=x; b=x\r\n' +
    'List-Unsubscribe: <https://localhost:1/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n'
  const authentication = { dkim: [{ result: 'pass', domain: 'y.example', selector: 's', isAligned: true }] }
  const raw = `${header}From: news@y.example\r\nTo: me@x.example\r\nSubject: News\r\n\r\nnews\r\n`
  const messageId = await scene.arrive(scene.me, raw, { authentication: authentication as never })
  const state = async () => {
    const { rows } = await sql<{ state: string; attempts: number; answer: string }>`
      select state, attempts, answer from unsubscriptions where message_id = ${messageId}`.execute(scene.db)
    return rows[0]
  }
  const resolve = () => Promise.reject(Object.assign(new Error('none'), { code: 'EAI_AGAIN' }))
  assert.deepEqual(await scene.as(scene.me).unsubscribe({ messageId }), { by: 'oneClick' })
  await eventually(async () => (await state())?.state === 'failed')
  assert.deepEqual(await state(), { state: 'failed', attempts: 1, answer: 'a private address' })
  const due = () =>
    sql`update unsubscriptions set state = 'waiting', next_attempt_at = now()`.execute(scene.db)
  await due()
  await leaveLists(scene.context, {}, { resolve })
  assert.deepEqual(await state(), { state: 'waiting', attempts: 2, answer: 'EAI_AGAIN' })
  await leaveLists(scene.context, {}, { resolve })
  assert.equal((await state())!.attempts, 2, 'not at once')
  await due()
  await leaveLists(scene.context, {}, { resolve })
  assert.deepEqual(await state(), { state: 'failed', attempts: 3, answer: 'EAI_AGAIN' })
})
