/** A WebSocket to the live door that connects again when it is lost. */
import { liveHeartbeatMs, type ClientMessage, type ServerMessage } from './live.ts'

export interface LiveConnectionOptions {
  /** Opens a socket. */
  connect: () => WebSocket
  /** The first wait before it connects again is up to `least`, the next up to twice as long, … */
  backOffMs: { least: number; most: number }
  onOpen: () => void
  onMessage: (message: ServerMessage) => void
  /** Gives whether to connect again. */
  onLost: (code: number) => boolean
}

export interface LiveConnection {
  /** Unless it is connected or about to be; gives whether it was not. */
  open(): boolean
  /** Only while it is connected. */
  send(message: ClientMessage): void
  close(): void
}

/** How long a server that was asked for a sign of life may take to give one. */
const pongWithinMs = 10_000

export function keepConnected({ connect, backOffMs, ...told }: LiveConnectionOptions): LiveConnection {
  let socket: WebSocket | undefined
  /** Until it connects again, or asks for a sign of life. */
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Since the server last said something. */
  let failures = 0

  const send = (message: ClientMessage) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }

  function open(): void {
    const opened = connect()
    socket = opened
    opened.addEventListener('open', () => {
      told.onOpen()
      watch(opened)
    })
    opened.addEventListener('message', ({ data }) => {
      failures = 0
      watch(opened)
      // Browsers do without the schemas: they would be a fifth of what a page loads.
      told.onMessage(JSON.parse(String(data)) as ServerMessage)
    })
    opened.addEventListener('close', ({ code }) => lose(opened, code))
  }

  function lose(lost: WebSocket, code: number): void {
    if (lost !== socket) return
    clearTimeout(timer)
    timer = undefined
    socket = undefined
    if (told.onLost(code)) reconnect()
  }

  function reconnect(): void {
    timer = setTimeout(
      () => {
        timer = undefined
        open()
      },
      backOff(failures++, backOffMs),
    )
  }

  /** Asks for a sign of life when there has been none for a while, and gives the socket up without an answer. */
  function watch(watched: WebSocket): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      send({ type: 'ping' })
      timer = setTimeout(() => {
        lose(watched, 0)
        watched.close()
      }, pongWithinMs)
    }, liveHeartbeatMs)
  }

  return {
    open() {
      if (socket || timer) return false
      open()
      return true
    },
    send,
    close() {
      clearTimeout(timer)
      socket?.close(1000)
    },
  }
}

/** Not the same for everybody, so that those who were cut off together don't come back together. */
export function backOff(failures: number, { least, most }: LiveConnectionOptions['backOffMs']): number {
  return Math.random() * Math.min(least * 2 ** failures, most)
}
