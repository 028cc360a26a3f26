/** An instance in a process of its own: answers every call with its process id; tells its parent its address. */
import { setTimeout as sleep } from 'node:timers/promises'
import { listenRpc } from '#platform/rpc/server.ts'
import { sharedKey } from '#platform/rpc/testing.ts'

const server = await listenRpc({
  address: 'tcp://127.0.0.1:0',
  security: { sharedKey },
  handler: {
    async call() {
      await sleep(5)
      return process.pid
    },
    async *stream({ signal }) {
      yield process.pid
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
  },
})
process.send!(server.address)
process.on('message', () => void server.drain(2_000))
process.on('disconnect', () => process.exit())
