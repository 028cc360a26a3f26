import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { liveCloseCodes, liveLimits, liveWindow } from '#contracts/live.ts'
import { RawClient, readings, testLiveDoor, write } from './testing.ts'

let door: Awaited<ReturnType<typeof testLiveDoor>>
before(async () => {
  door = await testLiveDoor()
})
after(() => door[Symbol.asyncDispose]())

const openClient = (account?: string) =>
  RawClient.open(door.url, account === undefined ? {} : { headers: { 'x-account': account } })
const numbersBetween = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** Until its stream is read, so that what is written from now on reaches it. */
async function reading(book: string, open = 1): Promise<void> {
  for (const giveUpAt = Date.now() + 5_000; Date.now() < giveUpAt; await delay(2))
    if (readings.get(book)?.open === open) return
  assert.equal(readings.get(book)?.open, open, `readings of ${book}`)
}

test('a socket gets the items of its streams, each with its sequence', async () => {
  await using client = await openClient()
  client.subscribe('pages', { book: 'diary' }, { id: 4 }).subscribe('pages', { book: 'memoir' }, { id: 5 })
  await Promise.all([reading('diary'), reading('memoir')])
  write('diary', 'Dear diary')
  write('memoir', 'I was born')
  await client.until(() => client.received.length === 2)
  assert.deepEqual(
    client.received.toSorted((a, b) => ('id' in a && 'id' in b ? a.id - b.id : 0)),
    [
      { type: 'item', id: 4, sequence: 1, item: { number: 1, text: 'Dear diary' } },
      { type: 'item', id: 5, sequence: 1, item: { number: 1, text: 'I was born' } },
    ],
  )
})

test('who states the last number seen gets the rest, from any place', async () => {
  const last = write('novel', ...numbersBetween(1, 400).map(String))
  for (const seen of [0, 1, 199, 399, 400]) {
    await using client = await openClient()
    client.subscribe('pages', { book: 'novel' }, { after: seen })
    const expected = Math.min(last - seen, liveWindow)
    await client.until(() => client.numbers().length >= expected)
    await client.settled()
    assert.deepEqual(client.numbers(), numbersBetween(seen + 1, seen + expected))
  }
})

test('one reading serves all sockets of a subject', async () => {
  await using stack = new AsyncDisposableStack()
  const clients = await Promise.all(numbersBetween(1, 50).map(async () => stack.use(await openClient())))
  for (const [i, client] of clients.entries())
    client.subscribe('pages', i % 2 ? { book: 'atlas', shelf: 'b' } : { shelf: 'b', book: 'atlas' }, {
      id: i,
    })
  for (const client of clients) await client.settled()
  await reading('atlas')
  write('atlas', 'Asia', 'Africa')
  await Promise.all(clients.map((client, i) => client.until(() => client.numbers(i).length === 2)))
  assert.deepEqual(readings.get('atlas'), { open: 1, opened: 1 })
  await stack.disposeAsync()
  await reading('atlas', 0)
})

test('who comes later catches up by a reading of its own, and then shares that of the others', async () => {
  write('saga', ...numbersBetween(1, 200).map(String))
  await using first = await openClient()
  first.subscribe('pages', { book: 'saga' })
  await reading('saga')
  await using second = await openClient()
  second.subscribe('pages', { book: 'saga' }, { after: 50 })
  await second.until(() => second.numbers().length === 150)
  assert.equal(readings.get('saga')!.open, 2)
  write('saga', '201')
  await Promise.all([
    first.until(() => first.numbers().length === 1),
    second.until(() => second.numbers().length === 151),
  ])
  await reading('saga', 1)
  write('saga', '202')
  await Promise.all([
    first.until(() => first.numbers().length === 2),
    second.until(() => second.numbers().length === 152),
  ])
  assert.deepEqual(second.numbers(), numbersBetween(51, 202))
  assert.deepEqual(first.numbers(), [201, 202])
  // Close behind the others it needs no reading at all.
  const { opened } = readings.get('saga')!
  await using third = await openClient()
  third.subscribe('pages', { book: 'saga' }, { after: 200 })
  await third.until(() => third.numbers().length === 2)
  assert.equal(readings.get('saga')!.opened, opened)
})

test('whoever listens from wherever, takes as slowly as it likes and comes and goes, sees every item once', async () => {
  const runs = Number(process.env.LIVE_RUNS ?? 3)
  for (let run = 0; run < runs; run++) {
    const book = `race ${run}`
    write(book, ...numbersBetween(1, 100).map(String))
    const last = 600
    const follow = async (seen: number, isSlow: boolean) => {
      const numbers: number[] = []
      while (seen < last) {
        await using client = await openClient()
        client.subscribe('pages', { book }, { after: seen })
        const leaveAt = Math.min(last, seen + 150 + Math.floor(Math.random() * 400))
        for (let granted = 0; (client.numbers().at(-1) ?? seen) < leaveAt;) {
          await client.until(() => client.numbers().length > granted)
          if (isSlow) await delay(Math.random() * 2)
          const items = client.numbers().length - granted
          granted += items
          client.send({ type: 'credit', id: 1, items })
        }
        numbers.push(...client.numbers())
        seen = client.numbers().at(-1)!
      }
      return numbers
    }
    const starts = numbersBetween(1, 12).map(() => Math.floor(Math.random() * 100))
    const following = starts.map((start, i) => follow(start, i % 3 === 0))
    for (let number = 100; number < last; number += 10) {
      write(book, ...numbersBetween(number + 1, number + 10).map(String))
      if (Math.random() < 0.5) await delay(1)
    }
    for (const [i, numbers] of (await Promise.all(following)).entries())
      assert.deepEqual(numbers, numbersBetween(starts[i]! + 1, last), `follower ${i} of run ${run}`)
    await reading(book, 0)
  }
})

test('who grants no credit gets a window and holds up nobody', async () => {
  await using idle = await openClient()
  await using busy = await openClient()
  for (const client of [idle, busy]) client.subscribe('pages', { book: 'chronicle' }, { after: 0 })
  await reading('chronicle')
  for (let number = 0; number < 2000; number += 100) {
    write('chronicle', ...numbersBetween(1, 100).map(String))
    await busy.until(() => busy.numbers().length === number + 100)
    busy.send({ type: 'credit', id: 1, items: 100 })
  }
  await idle.settled()
  assert.equal(idle.numbers().length, liveWindow)
  assert.deepEqual(readings.get('chronicle')?.open, 1)
  for (let taken = liveWindow; taken < 2000; taken += liveWindow) {
    idle.send({ type: 'credit', id: 1, items: liveWindow })
    await idle.until(() => idle.numbers().length >= Math.min(2000, taken + liveWindow))
  }
  assert.deepEqual(idle.numbers(), numbersBetween(1, 2000))
})

test('more credit than a window is not to be had', async () => {
  await using client = await openClient()
  client.subscribe('pages', { book: 'credit' })
  await reading('credit')
  for (let i = 0; i < 10; i++) client.send({ type: 'credit', id: 1, items: liveWindow })
  await client.settled()
  write('credit', ...numbersBetween(1, 3 * liveWindow).map(String))
  await client.settled()
  await delay(50)
  assert.equal(client.numbers().length, liveWindow)
})

test('where nothing can be resumed, who is too slow has to begin anew', async () => {
  await using idle = await openClient()
  await using busy = await openClient()
  for (const client of [idle, busy]) client.subscribe('lastPage', { book: 'ticker' })
  await reading('ticker')
  for (let number = 0; number < 600; number += 100) {
    write('ticker', ...numbersBetween(1, 100).map(String))
    await busy.until(() => busy.numbers().at(-1) === number + 100)
    busy.send({ type: 'credit', id: 1, items: 100 })
  }
  await idle.until(() => idle.received.at(-1)?.type === 'error')
  const refusal = idle.received.at(-1)
  assert.ok(refusal?.type === 'error')
  assert.equal(refusal.problem.code, 'tooSlow')
  idle.subscribe('lastPage', { book: 'ticker' }, { id: 2 })
})

test('a client whose network takes nothing for long is cut with a code, and resumes', async () => {
  await using door = await testLiveDoor({ heartbeatMs: 300 })
  await using client = await RawClient.open(door.url)
  await using other = await RawClient.open(door.url)
  const text = 'x'.repeat(64 * 1024)
  for (const each of [client, other]) await each.subscribe('pages', { book: 'tome' }).settled()
  await reading('tome')
  client.socket.pause()
  for (let number = 1; number <= 200; number++) {
    write('tome', text)
    await other.until(() => other.numbers().length === number)
  }
  await delay(900)
  client.socket.resume()
  assert.deepEqual(await client.closed, { code: liveCloseCodes.tooSlow, reason: 'tooSlow' })
  const seen = client.numbers().length
  assert.ok(seen < 200)
  await using again = await RawClient.open(door.url)
  again.subscribe('pages', { book: 'tome' }, { after: seen })
  await again.until(() => again.numbers().length === 200 - seen)
  assert.deepEqual([...client.numbers(), ...again.numbers()], numbersBetween(1, 200))
})

test('a client whose network is slow is sent no more than it takes, and misses nothing', async () => {
  await using client = await openClient()
  await using other = await openClient()
  const text = 'x'.repeat(64 * 1024)
  for (const each of [client, other]) await each.subscribe('pages', { book: 'folio' }).settled()
  client.socket.pause()
  for (let number = 1; number <= 200; number++) {
    write('folio', text)
    await other.until(() => other.numbers().length === number)
  }
  const [slow] = [...door.live.sockets].filter(({ blockedAt }) => blockedAt !== undefined)
  assert.ok(slow!.bufferedAmount < 5 * text.length)
  client.socket.resume()
  await client.until(() => client.numbers().length === 200)
  assert.deepEqual(client.numbers(), numbersBetween(1, 200))
})

test('a subscription that can not be had says why; the socket lives on', async () => {
  await using client = await openClient()
  const cases: [stream: string, input: object, code: string, status: number][] = [
    ['nothing', {}, 'notFound', 404],
    ['ledger', {}, 'notFound', 404],
    ['write', {}, 'notFound', 404],
    ['pages', {}, 'invalid', 400],
    ['pages', { book: 'x', after: 'y' }, 'invalid', 400],
    ['ownPages', { book: 'x' }, 'unauthenticated', 401],
    ['lockedPages', { book: 'locked' }, 'locked', 403],
    ['torn', {}, 'internal', 500],
  ]
  for (const [i, [stream, input, code, status]] of cases.entries()) {
    client.subscribe(stream, input, { id: i })
    await client.until(() => client.received.at(-1)?.type === 'error')
    const told = client.received.pop()
    assert.ok(told?.type === 'error' && told.id === i)
    assert.deepEqual([told.problem.code, told.problem.status], [code, status], stream)
    assert.match(told.problem.traceId ?? '', /^[0-9a-f]{32}$/)
    assert.doesNotMatch(JSON.stringify(told), /secret/)
  }
  client.subscribe('lockedPages', { book: 'open' }, { id: 100 })
  await reading('open')
  write('open', 'come in')
  await client.until(() => client.numbers(100).length === 1)
})

test('a stream that is over says so', async () => {
  await using client = await openClient()
  client.subscribe('chapters', { count: 3 })
  await client.until(() => client.received.at(-1)?.type === 'end')
  assert.deepEqual(
    client.received.map((message) => (message.type === 'item' ? message.item : message.type)),
    [1, 2, 3, 'end'],
  )
})

test('what depends on who asks is read for each account, and shared by its sockets', async () => {
  await using stack = new AsyncDisposableStack()
  const clients = await Promise.all(
    ['asha', 'asha', 'ravi'].map(async (name) => stack.use(await openClient(name))),
  )
  for (const client of clients) await client.subscribe('ownPages', { book: 'ledger' }).settled()
  await reading('ledger', 2)
  write('ledger', 'entry')
  for (const client of clients) await client.until(() => client.items().length === 1)
  assert.deepEqual(
    clients.map((client) => (client.items()[0] as unknown as { reader: string }).reader),
    ['asha', 'asha', 'ravi'],
  )
})

test('unsubscribing ends the reading', async () => {
  await using client = await openClient()
  client.subscribe('pages', { book: 'leaflet' })
  await reading('leaflet')
  client
    .send({ type: 'unsubscribe', id: 1 })
    .send({ type: 'unsubscribe', id: 77 })
    .send({ type: 'credit', id: 78, items: 1 })
  await client.settled()
  await reading('leaflet', 0)
  write('leaflet', 'unread')
  client.subscribe('pages', { book: 'leaflet' })
  await reading('leaflet')
  assert.deepEqual(client.numbers(), [])
})

test('a socket has a limited number of subscriptions', async () => {
  await using client = await openClient()
  for (let id = 0; id <= liveLimits.subscriptions; id++) client.subscribe('pages', { book: 'shelf' }, { id })
  await client.until(() => client.received.length === 1)
  const [refusal] = client.received
  assert.ok(refusal?.type === 'error' && refusal.id === liveLimits.subscriptions)
  assert.equal(refusal.problem.code, 'overloaded')
})

test('a message that is not of the protocol closes the socket', async (t) => {
  const subscribe = { type: 'subscribe', id: 1, stream: 'journal.pages', input: { book: 'x' } }
  const cases: [what: string, message: unknown, code: number][] = [
    ['no JSON', 'hello', liveCloseCodes.malformed],
    ['nothing', '', liveCloseCodes.malformed],
    ['an array', [], liveCloseCodes.malformed],
    ['null', 'null', liveCloseCodes.malformed],
    ['no type', { id: 1 }, liveCloseCodes.malformed],
    ['another type', { type: 'shout' }, liveCloseCodes.malformed],
    ['an id that is none', { ...subscribe, id: -1 }, liveCloseCodes.malformed],
    ['an id that is a text', { ...subscribe, id: '1' }, liveCloseCodes.malformed],
    ['an input that is no object', { ...subscribe, input: [] }, liveCloseCodes.malformed],
    ['an endless name', { ...subscribe, stream: 'x'.repeat(201) }, liveCloseCodes.malformed],
    ['an odd place', { ...subscribe, after: {} }, liveCloseCodes.malformed],
    ['no credit', { type: 'credit', id: 1, items: 0 }, liveCloseCodes.malformed],
    ['too much credit', { type: 'credit', id: 1, items: 1e9 }, liveCloseCodes.malformed],
    ['bytes', Buffer.from(JSON.stringify(subscribe)), liveCloseCodes.malformed],
    ['too long', `"${'x'.repeat(liveLimits.messageBytes)}"`, 1009],
  ]
  for (const [what, message, code] of cases)
    await t.test(what, async () => {
      await using client = await openClient()
      client.send(message)
      assert.equal((await client.closed).code, code)
    })
  await t.test('an id that is in use', async () => {
    await using client = await openClient()
    client.send(subscribe).send(subscribe)
    assert.equal((await client.closed).code, liveCloseCodes.malformed)
  })
  await t.test('too many', async () => {
    await using client = await openClient()
    for (let i = 0; i <= liveLimits.messages; i++) client.send({ type: 'ping' })
    assert.equal((await client.closed).code, liveCloseCodes.tooManyMessages)
  })
})

test('messages of any kind never stop the door', async () => {
  const id = fc.integer({ min: 0, max: 3 })
  const stream = fc.constantFrom('journal.pages', 'journal.lastPage', 'journal.torn', 'journal.chapters', 'x')
  const input = fc.oneof(fc.constant({ book: 'fuzz' }), fc.constant({ count: 5 }), fc.object())
  const message = fc.oneof(
    fc.record(
      { type: fc.constant('subscribe'), id, stream, input, after: fc.nat(3) },
      { requiredKeys: ['type', 'id'] },
    ),
    fc.record({ type: fc.constant('credit'), id, items: fc.integer() }),
    fc.record({ type: fc.constant('unsubscribe'), id }),
    fc.json(),
  )
  const conversations = fc.sample(fc.array(message, { maxLength: 20 }), { numRuns: 200, seed: 42 })
  for (const conversation of conversations) {
    await using client = await openClient()
    for (const each of conversation) if (client.socket.readyState === client.socket.OPEN) client.send(each)
    write('fuzz', 'page')
  }
  await using client = await openClient()
  await client.settled()
  await reading('fuzz', 0)
})
