import type { ServerTarget } from './client/connection.ts'

export interface Relay {
  host: string
  port: number
  isTlsFromStart: boolean
  login: { user: string; password: string } | undefined
}

/** `smtp://user:password@host:587` or `smtps://…`. Throws for anything else. */
export function readRelay(text: string): Relay {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '')
    throw new Error('SMTP_RELAY: is no smtp:// or smtps:// URL')
  const isTlsFromStart = url.protocol === 'smtps:'
  const user = decodeURIComponent(url.username)
  return {
    host: url.hostname.toLowerCase(),
    port: url.port === '' ? (isTlsFromStart ? 465 : 587) : Number(url.port),
    isTlsFromStart,
    login: user === '' ? undefined : { user, password: decodeURIComponent(url.password) },
  }
}

/** A password goes to a proved server alone. */
export function relayTls({ isTlsFromStart, login }: Relay): ServerTarget['tls'] {
  if (isTlsFromStart) return 'fromStart'
  return login ? 'required' : 'tried'
}
