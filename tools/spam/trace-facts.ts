/** What the corpus's own server wrote above its Received line stands for what ours would know. */
import type { ParsedMessage } from '#services/mail/mime/message.ts'
import type { Authentication, MailFacts } from '#services/mail/spam/facts.ts'
import { organisationOf } from '#services/mail/spam/links.ts'

/** Only Authentication-Results above the second Received line count: those below may be the sender's own. */
export function readFacts({ headers, envelope }: ParsedMessage): MailFacts {
  const from = envelope.from[0]?.address ?? ''
  const fromOrganisation = organisationOf(from.slice(from.lastIndexOf('@') + 1))
  const authentication: Authentication = {}
  let hops = 0
  for (const { name, value } of headers) {
    if (name === 'received' && ++hops === 2) break
    if (name === 'received-spf')
      authentication.spf ??= /^[a-z]{4,9}/i.exec(value)?.[0].toLowerCase() ?? 'none'
    if (name === 'authentication-results') readResults(value, fromOrganisation, authentication)
  }
  return Object.keys(authentication).length === 0 ? {} : { authentication }
}

function readResults(value: string, fromOrganisation: string, authentication: Authentication): void {
  for (const part of value.slice(0, 4000).split(';')) {
    const [, method, result] = /^\s*(spf|dkim|dmarc)\s*=\s*([a-z]+)/i.exec(part) ?? []
    if (method === undefined || result === undefined) continue
    const key = method.toLowerCase() as 'spf' | 'dkim' | 'dmarc'
    const verdict = result.toLowerCase()
    if (key !== 'dkim') authentication[key] ??= verdict
    else {
      const signer = /header\.[di]=@?(?:[^@\s]*@)?([\w.-]+)/i.exec(part)?.[1]?.toLowerCase() ?? ''
      if (organisationOf(signer) === fromOrganisation)
        authentication.dkim = authentication.dkim === 'pass' ? 'pass' : verdict
    }
    const policy = key === 'dmarc' ? /\bp\s*=\s*(none|quarantine|reject)/i.exec(part)?.[1] : undefined
    if (policy !== undefined) authentication.dmarcPolicy = policy.toLowerCase()
  }
}
