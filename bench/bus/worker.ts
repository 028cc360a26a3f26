/**
 * `worker.ts publish|consume <contender> <servers>` says when it is ready. Told milliseconds, the publisher publishes for
 * so long and says how many it did; told a number of events, the consumer says when it has handled them.
 */
import type { Contender } from './contender.ts'

const [role, name, servers = ''] = process.argv.slice(2)
const { open } = (await import(`./${name}.ts`)) as { open(servers: object): Promise<Contender> }
const contender = await open(JSON.parse(servers))

const inFlight = 64
/** With its JSON and its id an event has about 300 bytes. */
const text = 'x'.repeat(240)
let handled = 0
let expected = Infinity

process.on('message', (told: number) => {
  if (role === 'publish') void publishFor(told)
  else {
    expected = told
    answerWhenAllHandled()
  }
})
process.on('disconnect', () => process.exit())

if (role === 'consume')
  await contender.consume((count) => {
    handled += count
    answerWhenAllHandled()
  })
process.send!('ready')

async function publishFor(ms: number): Promise<void> {
  const endAt = performance.now() + ms
  let next = 0
  const publishers = Array.from({ length: inFlight }, async () => {
    while (performance.now() < endAt) await contender.publish(next++, text)
  })
  await Promise.all(publishers)
  process.send!(next)
}

function answerWhenAllHandled(): void {
  if (handled < expected) return
  process.send!(handled)
  handled = 0
  expected = Infinity
}
