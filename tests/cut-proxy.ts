import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A wire that can be cut. */
export interface CutProxy extends AsyncDisposable {
  readonly address: `tcp://${string}`
  /** Connections are broken and refused. */
  cut(): void
  /** Connections stay open, and nothing gets through. */
  freeze(): void
  heal(): void
}

/** Between its own port and a `tcp://host:port`. */
export async function cutProxy(target: string): Promise<CutProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'frozen' = 'open'
  const server = createServer((inside) => {
    if (state === 'cut') return void inside.destroy()
    const outside = connect(Number(port), hostname)
    for (const [from, to] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => state === 'open' && to.write(chunk))
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        if (state !== 'frozen') to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      state = 'cut'
      breakAll()
    },
    freeze() {
      state = 'frozen'
    },
    heal() {
      // What was sent meanwhile is lost, so these connections are of no use any more.
      if (state === 'frozen') breakAll()
      state = 'open'
    },
    async [Symbol.asyncDispose]() {
      state = 'cut'
      breakAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
