import assert from 'node:assert/strict'
import { mock, test, type TestContext } from 'node:test'
import { CallError } from '#contracts/errors.ts'
import type { Draft, DraftContent } from '#contracts/mail/writing.ts'
import { autosaveMs, DraftKeeper, type LocalCopy } from './draft-keeper.ts'

const empty: DraftContent = {
  to: [],
  cc: [],
  bcc: [],
  subject: '',
  text: '',
  html: null,
  attachments: [],
  answers: null,
  forwards: null,
}

/** A server with drafts, and a device with copies. */
function setUp(context: TestContext) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  context.after(() => mock.timers.reset())
  const drafts = new Map<string, Draft>()
  const copies = new Map<string, LocalCopy>()
  const saved: string[] = []
  let failure: Error | undefined
  let losesAnswers = false
  const savedAt = '2026-11-22T08:00:00.000Z'
  const server = {
    drafts,
    fail: (next: Error | undefined) => (failure = next),
    loseAnswers: (next: boolean) => (losesAnswers = next),
    put: (id: string, version: number, subject: string) =>
      drafts.set(id, { id, version, content: { ...empty, subject }, threadId: null, savedAt }),
  }
  const door = {
    async save({
      draftId: id,
      version,
      content,
    }: {
      draftId: string
      version: number
      content: DraftContent
    }) {
      if (failure) throw failure
      const before = drafts.get(id)
      if (!before && version > 0) throw new CallError('notFound', 404)
      if ((before?.version ?? 0) !== version) throw new CallError('draftChanged', 409)
      const draft = { id, version: version + 1, content: structuredClone(content), threadId: null, savedAt }
      drafts.set(id, draft)
      saved.push(content.subject)
      if (losesAnswers) throw new CallError('unreachable', 0)
      return draft
    },
    async show(id: string) {
      const draft = drafts.get(id)
      if (!draft) throw new CallError('notFound', 404)
      return draft
    },
  }
  const device = {
    put: (copy: LocalCopy) => void copies.set(copy.id, structuredClone(copy)),
    remove: (id: string) => void copies.delete(id),
    hold: () => () => undefined,
  }
  let ids = 0
  const open = (part: Partial<Draft> = {}, isUnsaved = false) =>
    new DraftKeeper({
      draft: { id: 'a', version: 0, content: empty, ...part },
      isUnsaved,
      door,
      copies: device,
      newId: () => `new-${(ids += 1)}`,
    })
  return { server, copies, saved, open }
}

/** Time goes by, and what was waiting for it is done. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    mock.timers.tick(Math.min(50, left))
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  }
}

test('what is typed is on the device at once and on the server when the typing rests', async (context) => {
  const { copies, saved, open } = setUp(context)
  const keeper = open()
  keeper.change({ subject: 'S' })
  keeper.change({ subject: 'Su' })
  await pass(300)
  assert.equal(copies.get('a')?.content.subject, 'Su')
  assert.deepEqual(saved, [])
  await pass(autosaveMs)
  assert.deepEqual(saved, ['Su'])
  assert.deepEqual([keeper.view().state, keeper.view().version, copies.size], ['saved', 1, 0])
})

test('somebody who never rests is saved all the same', async (context) => {
  const { saved, open } = setUp(context)
  const keeper = open()
  for (let i = 0; i < 70; i += 1) {
    keeper.change({ subject: String(i) })
    await pass(100)
  }
  assert.ok(saved.length >= 1 && saved.length <= 3, saved.join())
})

test('content that is costly to make is made when it is needed', async (context) => {
  const { saved, open } = setUp(context)
  const keeper = open()
  let made = 0
  for (let i = 0; i < 20; i += 1)
    keeper.change(() => {
      made += 1
      return { subject: String(i) }
    })
  assert.equal(made, 0)
  await keeper.flush()
  assert.deepEqual([made, saved], [1, ['19']])
})

test('what changes while it is being saved is saved after', async (context) => {
  const { saved, open, copies } = setUp(context)
  const keeper = open()
  keeper.change({ subject: 'one' })
  const saving = keeper.flush()
  keeper.change({ subject: 'two' })
  await saving
  assert.deepEqual(saved, ['one', 'two'])
  assert.deepEqual([keeper.view().version, copies.size], [2, 0])
})

test('without a server it stays on the device, and is saved when the server is back', async (context) => {
  const { server, copies, saved, open } = setUp(context)
  const keeper = open()
  server.fail(new CallError('unreachable', 0))
  keeper.change({ subject: 'x' })
  await assert.rejects(keeper.flush(), { code: 'unreachable' })
  assert.deepEqual([keeper.view().state, copies.get('a')?.content.subject], ['local', 'x'])
  server.fail(undefined)
  await pass(4000)
  assert.deepEqual([saved, keeper.view().state, copies.size], [['x'], 'saved', 0])
})

test('an answer that got lost does no harm', async (context) => {
  const { server, saved, open } = setUp(context)
  const keeper = open()
  server.loseAnswers(true)
  keeper.change({ subject: 'x' })
  await assert.rejects(keeper.flush())
  server.loseAnswers(false)
  await pass(4000)
  assert.deepEqual([saved, keeper.view().state, keeper.view().version], [['x'], 'saved', 1])
})

test('of two versions the writer takes the other', async (context) => {
  const { server, open } = setUp(context)
  server.put('a', 4, 'theirs')
  const keeper = open({ version: 3 })
  keeper.change({ subject: 'mine' })
  await assert.rejects(keeper.flush(), { code: 'draftChanged' })
  assert.equal(keeper.view().theirs?.content.subject, 'theirs')
  keeper.takeTheirs()
  const { state, version, content, generation } = keeper.view()
  assert.deepEqual([state, version, content.subject, generation], ['saved', 4, 'theirs', 1])
  await pass(10_000)
  assert.equal(server.drafts.get('a')?.content.subject, 'theirs')
})

test('or keeps the own one as a new draft', async (context) => {
  const { server, open } = setUp(context)
  server.put('a', 4, 'theirs')
  const keeper = open({ version: 3 })
  keeper.change({ subject: 'mine' })
  await assert.rejects(keeper.flush())
  keeper.change({ subject: 'mine too' })
  await pass(10_000)
  assert.equal(server.drafts.get('a')?.content.subject, 'theirs')
  keeper.keepAsNew()
  await pass(500)
  assert.deepEqual(
    [...server.drafts.values()].map(({ id, content }) => [id, content.subject]),
    [
      ['a', 'theirs'],
      ['new-1', 'mine too'],
    ],
  )
})

test('a draft that went elsewhere can be kept', async (context) => {
  const { server, open } = setUp(context)
  const keeper = open({ version: 3 })
  keeper.change({ subject: 'mine' })
  await assert.rejects(keeper.flush(), { code: 'notFound' })
  assert.equal(keeper.view().state, 'gone')
  keeper.keepAsNew()
  await pass(500)
  assert.equal(server.drafts.get('new-1')?.content.subject, 'mine')
})

test('what came from the device alone is saved by itself', async (context) => {
  const { saved, open } = setUp(context)
  open({ content: { ...empty, subject: 'restored' } }, true)
  await pass(autosaveMs + 100)
  assert.deepEqual(saved, ['restored'])
})

test('what is thrown away while it is being saved is known to be on the server', async (context) => {
  const { saved, open, copies } = setUp(context)
  const keeper = open()
  assert.equal(await keeper.discard(), 0)
  const other = open({ id: 'b' })
  other.change({ subject: 'x' })
  const saving = other.flush().catch(() => undefined)
  assert.equal(await other.discard(), 1)
  await saving
  assert.deepEqual([saved, copies.size], [['x'], 0])
})

test('a closed window goes on until the server has it', async (context) => {
  const { server, copies, saved, open } = setUp(context)
  const keeper = open()
  server.fail(new CallError('unreachable', 0))
  keeper.change({ subject: 'x' })
  keeper.closeWhenSaved()
  await pass(2000)
  assert.equal(copies.size, 1)
  server.fail(undefined)
  await pass(5000)
  assert.deepEqual([saved, copies.size], [['x'], 0])
  keeper.change({ subject: 'late' })
  await pass(5000)
  assert.deepEqual(saved, ['x'])
})
