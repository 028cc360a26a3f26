import type { Reply } from './reply.ts'

/** What a server offers: the lines of its answer to EHLO. */
export interface Capabilities {
  /** As the server calls itself, in lower case. */
  name: string
  isPipelining: boolean
  isEightBit: boolean
  isInternational: boolean
  takesReports: boolean
  startsTls: boolean
  /** RFC 1870: undefined where it states no limit. */
  maxBytes: number | undefined
  /** RFC 9422 RCPTMAX; undefined where it states none. */
  maxRecipients: number | undefined
  /** Mechanisms of AUTH in upper case. */
  logins: ReadonlySet<string>
}

export function readCapabilities({ lines }: Reply): Capabilities {
  const offered = new Map<string, string[]>()
  for (const line of lines.slice(1)) {
    // Old servers write AUTH=LOGIN.
    const [keyword = '', ...words] = line
      .toUpperCase()
      .replace(/^AUTH=/, 'AUTH ')
      .split(/\s+/)
    offered.set(keyword, [...(offered.get(keyword) ?? []), ...words])
  }
  const limit = offered.get('LIMITS')?.find((word) => /^RCPTMAX=[1-9]\d{0,5}$/.test(word))
  return {
    name: (lines[0] ?? '').split(' ')[0]!.toLowerCase(),
    isPipelining: offered.has('PIPELINING'),
    isEightBit: offered.has('8BITMIME'),
    isInternational: offered.has('SMTPUTF8'),
    takesReports: offered.has('DSN'),
    startsTls: offered.has('STARTTLS'),
    maxBytes: positive(offered.get('SIZE')?.[0]),
    maxRecipients: positive(limit?.slice('RCPTMAX='.length)),
    logins: new Set(offered.get('AUTH')),
  }
}

/** Zero says that there is no fixed limit. */
function positive(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) && Number(text) > 0 ? Number(text) : undefined
}
