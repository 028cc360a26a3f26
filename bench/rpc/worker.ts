/**
 * One side of one door in a process of its own: `worker.ts serve <door>` or `worker.ts load <door> <address>`.
 * Sends its address or 'ready' to its parent; then each message to a loader is milliseconds to make calls for,
 * answered with the calls made per second.
 */
import { doors } from './doors.ts'
import { nextLine, Receipt } from './work.ts'

const inFlight = 64
const [side, name = '', address = ''] = process.argv.slice(2)
const door = doors[name]!

process.on('disconnect', () => process.exit())
if (side === 'serve') process.send!(await door.serve())
else {
  const call = await door.connect(address)
  Receipt.parse(await call(nextLine()))
  process.on('message', async (ms: number) => process.send!(await load(call, ms)))
  process.send!('ready')
}

async function load(call: (line: object) => Promise<unknown>, ms: number): Promise<number> {
  const start = performance.now()
  let calls = 0
  const worker = async () => {
    while (performance.now() - start < ms) {
      await call(nextLine())
      calls++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return (calls / (performance.now() - start)) * 1000
}
