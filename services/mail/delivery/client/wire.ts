import { connect as connectTcp, type Socket, type TcpNetConnectOpts } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { Fault, type Stage } from './fault.ts'
import { openInbox } from './inbox.ts'
import type { Reply } from './reply.ts'

/** How the other side was proved and what is spoken. */
export interface TlsFacts {
  /** `TLSv1.3` */
  protocol: string
  cipher: string
  /** The chain ends in a known root and the name is the one that was asked for. */
  isProved: boolean
  /** Why not, such as `CERT_HAS_EXPIRED`. */
  flaw: string | undefined
}

/** A socket that lines go into and replies come out of. */
export interface Wire extends Disposable {
  stage: Stage
  /** The next reply, in order. Rejects with a Fault when there is none in time. */
  reply(timeoutMs: number): Promise<Reply>
  /** Resolves when more may be written. */
  write(bytes: Buffer | string, timeoutMs: number): Promise<void>
  /** The server has said something that nobody asked for, or is gone. */
  readonly isStale: boolean
  readonly tls: TlsFacts | undefined
  /** Rejects when bytes in clear came behind the reply: they might be somebody else's. */
  startTls(options: ConnectionOptions, timeoutMs: number): Promise<void>
}

/** Rejects with a Fault of stage `connect` (or `tls` where TLS is spoken from the start). The signal breaks it at any time. */
export async function openWire(
  target: { host: string; port: number; signal: AbortSignal | undefined },
  timeoutMs: number,
  tls?: ConnectionOptions,
): Promise<Wire> {
  const socket = connectTcp({ ...target, noDelay: true, keepAlive: true } as TcpNetConnectOpts)
  await settled(socket, 'connect', timeoutMs, 'connect')
  const wire = wireOn(socket)
  if (tls) await wire.startTls(tls, timeoutMs)
  return wire
}

/** Resolves at the event; on an error or when time is over the socket is gone. */
function settled(socket: Socket, event: string, timeoutMs: number, stage: Stage): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error('no connection in time')), timeoutMs)
    const fail = (error: Error) => {
      clear()
      socket.on('error', () => undefined).destroy()
      reject(new Fault(stage, error.message))
    }
    const gone = () => fail(new Error('the other side closed the connection'))
    const done = () => {
      clear()
      resolve()
    }
    const clear = () => {
      clearTimeout(timer)
      socket.off('error', fail).off('close', gone).off(event, done)
    }
    socket.once('error', fail).once('close', gone).once(event, done)
  })
}

function wireOn(first: Socket): Wire {
  let socket = first
  let tls: TlsFacts | undefined
  let wakeWriter: (() => void) | undefined
  let inbox = openInbox()

  function ended(reason: string) {
    inbox.end(reason)
    wakeWriter?.()
    socket.destroy()
  }
  function take(bytes: Buffer) {
    const flaw = inbox.push(bytes)
    if (flaw !== undefined) ended(flaw)
  }
  const onError = (error: Error) => ended(error.message)
  const onClose = () => ended('the other side closed the connection')
  const onDrain = () => wakeWriter?.()
  const listen = () => socket.on('data', take).on('error', onError).on('close', onClose).on('drain', onDrain)
  const unlisten = () =>
    socket.off('data', take).off('error', onError).off('close', onClose).off('drain', onDrain)

  const wire: Wire = {
    stage: 'greeting',
    async reply(timeoutMs) {
      const timer = setTimeout(() => ended('no answer in time'), timeoutMs)
      const reply = await inbox.next().finally(() => clearTimeout(timer))
      if (!reply) throw new Fault(wire.stage, inbox.ending ?? '')
      return reply
    },
    async write(bytes, timeoutMs) {
      if (inbox.ending === undefined && !socket.write(bytes)) {
        const timer = setTimeout(() => ended('the other side takes nothing'), timeoutMs)
        await new Promise<void>((resolve) => (wakeWriter = resolve))
        clearTimeout(timer)
        wakeWriter = undefined
      }
      if (inbox.ending !== undefined) throw new Fault(wire.stage, inbox.ending)
    },
    get isStale() {
      return !inbox.isEmpty
    },
    get tls() {
      return tls
    },
    async startTls(options, timeoutMs) {
      wire.stage = 'tls'
      // RFC 3207 §6: what came in clear behind the reply must not count.
      if (wire.isStale) {
        ended('bytes in clear came behind the answer to STARTTLS')
        throw new Fault('injected', 'bytes in clear came behind the answer to STARTTLS')
      }
      unlisten()
      const secured = connectTls({ ...options, socket, rejectUnauthorized: false })
      await settled(secured, 'secureConnect', timeoutMs, 'tls')
      tls = factsOf(secured)
      socket = secured
      inbox = openInbox()
      listen()
      wire.stage = 'greeting'
    },
    [Symbol.dispose]: () => ended('closed'),
  }
  listen()
  return wire
}

function factsOf(socket: TLSSocket): TlsFacts {
  const flaw = socket.authorized ? undefined : String(socket.authorizationError ?? 'unknown')
  const protocol = socket.getProtocol() ?? 'TLS'
  return { protocol, cipher: socket.getCipher().standardName, isProved: socket.authorized, flaw }
}
