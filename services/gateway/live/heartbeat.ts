import type { LiveSocket } from './socket.ts'

const stepsInRound = 30

export interface HeartbeatOptions {
  roundMs: number
  /** Its network has taken nothing since before the last round. */
  onBlocked: (socket: LiveSocket) => void
}

/**
 * Asks every socket for a sign of life once in a round, and cuts those that gave none since the last one. A step takes
 * its share of the sockets, so that a round does not stop everything else.
 */
export function startHeartbeat(sockets: ReadonlySet<LiveSocket>, options: HeartbeatOptions): Disposable {
  const { roundMs, onBlocked } = options
  let step = 0
  let share = 0
  let round = sockets.values()
  const timer = setInterval(() => {
    if (step === 0) [round, share] = [sockets.values(), Math.ceil(sockets.size / stepsInRound)]
    step = (step + 1) % stepsInRound
    const now = performance.now()
    for (const socket of round.take(share))
      if (now - (socket.blockedAt ?? now) > roundMs) onBlocked(socket)
      else ask(socket)
  }, roundMs / stepsInRound).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

function ask(socket: LiveSocket): void {
  // What waits for its network would keep a ping waiting too.
  if (socket.blockedAt !== undefined) return
  if (!socket.isAlive) return socket.terminate()
  socket.isAlive = false
  socket.messages = 0
  if (socket.readyState === socket.OPEN) socket.ping()
}
