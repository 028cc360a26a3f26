/** What is put before a message that comes in (RFC 5321 §4.4, RFC 8601). */

export interface TraceFacts {
  /** Envelope sender; empty for the null sender. */
  sender: string
  /** Whose mailbox it goes to. */
  deliveredTo: string
  /** How it came: undefined for what was written here. */
  client:
    | {
        address: string
        helo: string
        name: string | undefined
        tls: string | undefined
        isExtended: boolean
        isUtf8: boolean
        isSignedIn?: boolean
      }
    | undefined
  server: string
  id: string
  receivedAt: Date
  /** The field of RFC 8601 with CR LF; empty where nothing was checked. */
  authenticationResults: string
}

/** Header fields, each with CR LF. */
export function traceOf({ sender, deliveredTo, authenticationResults, ...facts }: TraceFacts): string {
  const lines = [`Return-Path: <${sender}>`, `Delivered-To: ${deliveredTo}`, receivedField(facts)]
  return lines.map((line) => `${printable(line)}\r\n`).join('') + authenticationResults
}

export function receivedField({
  client,
  server,
  id,
  receivedAt,
}: Pick<TraceFacts, 'client' | 'server' | 'id' | 'receivedAt'>): string {
  const from = client
    ? `from ${client.helo} (${client.name ?? 'unknown'} [${client.address.includes(':') ? `IPv6:${client.address}` : client.address}])\r\n\t`
    : ''
  const by = `by ${server} (Dakghar) with ${protocolOf(client)} id ${id}`
  const encryption = client?.tls === undefined ? '' : `\r\n\t(${client.tls})`
  return `Received: ${from}${by}${encryption};\r\n\t${mailDate(receivedAt)}`
}

/** RFC 3848, RFC 6531 §4.3. */
function protocolOf(client: TraceFacts['client']): string {
  if (!client) return 'local'
  const base = client.isUtf8 ? 'UTF8SMTP' : client.isExtended ? 'ESMTP' : 'SMTP'
  return `${base}${client.tls === undefined ? '' : 'S'}${client.isSignedIn ? 'A' : ''}`
}

/** RFC 5322 §3.3, in UTC. */
export function mailDate(time: Date): string {
  return time.toUTCString().replace('GMT', '+0000')
}

/** What strangers say goes into a header: nothing in it may end the line. */
function printable(field: string): string {
  return field
    .replaceAll(/\r\n(?=\t)/g, '\u0001')
    .replaceAll(/[\0\r\n]/g, ' ')
    .replaceAll('\u0001', '\r\n')
}
