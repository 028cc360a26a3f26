import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino, type Logger } from 'pino'
import type { Signals } from './signals.ts'

/** What several processes may open; disposing it leaves nothing behind. */
export interface SignalsUnderTest extends AsyncDisposable {
  open(options: { log: Logger }): Promise<Signals>
}

interface Current {
  here: Signals
  /** The same as `here` where nothing but this process is reached. */
  there: Signals
  lines: string[]
}

export function checkSignals(
  adapter: string,
  start: () => Promise<SignalsUnderTest>,
  { reachesOthers = true } = {},
): void {
  describe(`${adapter} signals`, () => {
    const { lines, log } = recorder()
    let server: SignalsUnderTest
    let here: Signals
    let there: Signals
    before(async () => {
      server = await start()
      here = await server.open({ log })
      there = reachesOthers ? await server.open({ log }) : here
    })
    after(async () => {
      await here[Symbol.asyncDispose]()
      await there[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    })
    const current = () => ({ here, there, lines })
    checkDelivery(current)
    checkListeners(current)
    checkLimits(current)
    checkClosing(() => server)
  })
}

function checkDelivery(current: () => Current): void {
  test('a signal reaches every listener of its topic, here and there, and no other', async () => {
    const { here, there } = current()
    const topic = randomUUID()
    const heard = [record(here, topic), record(here, topic), record(there, topic)]
    const other = record(there, `${topic}.other`)
    here.send(topic, 'hello')
    here.send(topic)
    await Promise.all(heard.map((one) => one.until(2)))
    for (const one of heard) assert.deepEqual(one.payloads, ['hello', ''])
    assert.deepEqual(other.payloads, [])
  })

  test('every text arrives as it was', async () => {
    const { here, there } = current()
    const topic = `'"; \\ \n ${randomUUID()} ডাক`
    const texts = ["it's", '"quoted"', '\\', '\u0000\u001f', '\n', '💌', 'ডাকঘর', '$1', '%s', '{}', ' ']
    const heard = record(there, topic)
    for (const text of texts) here.send(topic, text)
    await heard.until(texts.length)
    assert.deepEqual(heard.payloads, texts)
  })

  test('5000 different signals in one turn arrive, each once and in order', async () => {
    const { here, there } = current()
    const topic = randomUUID()
    const heard = record(there, topic)
    const sent = Array.from({ length: 5000 }, (_, index) => `${index}`)
    for (const payload of sent) here.send(topic, payload)
    await heard.until(sent.length)
    await sleep(20)
    assert.deepEqual(heard.payloads, sent)
  })

  test('signals of many turns arrive', async () => {
    const { here, there } = current()
    const topic = randomUUID()
    const heard = record(there, topic)
    for (let turn = 0; turn < 200; turn++) {
      here.send(topic, `${turn}`)
      await sleep(0)
    }
    await heard.until(200)
    assert.equal(new Set(heard.payloads).size, 200)
  })

  test('equal signals of one turn are one', async () => {
    const { here, there } = current()
    const topic = randomUUID()
    const heard = [record(here, topic), record(there, topic)]
    for (let time = 0; time < 100; time++) here.send(topic, 'same')
    here.send(topic, 'last')
    await Promise.all(heard.map((one) => one.until(2)))
    for (const one of heard) assert.deepEqual(one.payloads, ['same', 'last'])
  })
}

function checkListeners(current: () => Current): void {
  test('send returns before any listener runs', async () => {
    const { here } = current()
    const topic = randomUUID()
    const heard = record(here, topic)
    here.send(topic)
    await Promise.resolve()
    assert.deepEqual(heard.payloads, [])
    await heard.until(1)
  })

  test('a listener that throws or rejects is logged and stops no other', async () => {
    const { here, there, lines } = current()
    const topic = randomUUID()
    const stops = [here, there].flatMap((signals) => [
      signals.listen(topic, () => {
        throw new Error('broken listener')
      }),
      signals.listen(topic, () => Promise.reject(new Error('broken listener'))),
    ])
    const heard = [record(here, topic), record(there, topic)]
    lines.length = 0
    here.send(topic, 'hello')
    await Promise.all(heard.map((one) => one.until(1)))
    assert.deepEqual(new Set(lines), new Set(['a signal listener failed']))
    for (const stop of stops) stop()
  })

  test('a listener hears nothing after it has stopped, and stopping twice is harmless', async () => {
    const { here, there } = current()
    const topic = randomUUID()
    const payloads: string[] = []
    const listener = (payload: string) => void payloads.push(payload)
    const stop = there.listen(topic, listener)
    const stopSecond = there.listen(topic, listener)
    stop()
    stop()
    const heard = record(there, topic)
    here.send(topic, 'one')
    await heard.until(1)
    assert.deepEqual(payloads, ['one'])
    stopSecond()
    here.send(topic, 'two')
    await heard.until(2)
    assert.deepEqual(payloads, ['one'])
  })

  test('a listener may send, listen and stop', async () => {
    const { here, there } = current()
    const topic = randomUUID()
    const heard = record(there, `${topic}.answer`)
    const stop = here.listen(topic, () => {
      stop()
      here.listen(topic, () => here.send(`${topic}.answer`, 'too soon'))
      here.send(`${topic}.answer`, 'once')
    })
    here.send(topic)
    await heard.until(1)
    await sleep(20)
    assert.deepEqual(heard.payloads, ['once'])
  })
}

function checkLimits(current: () => Current): void {
  test('the longest signals arrive, whatever they are made of', async () => {
    const { here, there } = current()
    for (const character of ['x', '\u0001', '"', 'é', '💌']) {
      const times = (bytes: number) => character.repeat(Math.floor(bytes / Buffer.byteLength(character)))
      const heard = record(there, times(200))
      const others = [1, 2, 3].map((digit) => times(1000) + digit)
      for (const payload of [times(1024), ...others]) here.send(times(200), payload)
      await heard.until(4)
      assert.deepEqual(heard.payloads, [times(1024), ...others])
      heard.stop()
    }
  })

  test('longer ones are logged and not sent', async () => {
    const { here, lines } = current()
    const topic = randomUUID()
    const heard = [record(here, topic), record(here, 'é'.repeat(101))]
    lines.length = 0
    here.send(topic, 'x'.repeat(1025))
    here.send(topic, 'é'.repeat(513))
    here.send('é'.repeat(101))
    here.send(topic, 'end')
    await heard[0]?.until(1)
    assert.deepEqual(heard[0]?.payloads, ['end'])
    assert.deepEqual(heard[1]?.payloads, [])
    assert.deepEqual(
      lines,
      Array.from({ length: 3 }, () => 'a signal is too long and was not sent'),
    )
  })
}

function checkClosing(server: () => SignalsUnderTest): void {
  test('after closing nothing is sent or heard, and nothing throws', async () => {
    const { log } = recorder()
    const signals = await server().open({ log })
    const heard = record(signals, 'topic')
    signals.send('topic', 'not sent any more')
    await signals[Symbol.asyncDispose]()
    signals.send('topic', 'too late')
    await sleep(20)
    assert.deepEqual(heard.payloads, [])
  })
}

/** What a listener hears. */
export function record(signals: Signals, topic: string) {
  const payloads: string[] = []
  const stop = signals.listen(topic, (payload) => void payloads.push(payload))
  return { payloads, stop, until: (count: number) => until(() => payloads.length >= count) }
}

/** Resolves when it is so; fails after 10 s. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const giveUpAt = Date.now() + 10_000; !isSo(); await sleep(5))
    if (Date.now() > giveUpAt) assert.fail(`not within 10 s: ${isSo}`)
}

/** Messages of the lines logged. */
export function recorder(): { lines: string[]; log: Logger } {
  const lines: string[] = []
  const write = (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg)
  return { lines, log: pino({}, { write }) }
}
