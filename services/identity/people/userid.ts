/** Userids: mailboxes on a domain of ours. */

export type UseridProblem = 'malformed' | 'foreignDomain' | 'reserved' | 'taken'

export interface Userid {
  /** As stored and shown, lower case. */
  userid: string
  /** Userids of one skeleton look alike: only one of them is ever given. */
  skeleton: string
}

/**
 * Reads a userid; without `@` it is one of the main domain, the first. Letters a–z, digits, dots, hyphens and
 * underscores, 2 to 64 of them (RFC 5321 §4.5.3.1.1), a letter or digit at both ends, no two dots in a row.
 */
export function readUserid(
  given: string,
  domains: readonly string[],
): Userid | { problem: 'malformed' | 'foreignDomain' } {
  const [mailbox = '', domain = domains[0] ?? '', ...rest] = given.trim().toLowerCase().split('@')
  if (rest.length > 0 || !/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])$/.test(mailbox) || mailbox.includes('..'))
    return { problem: 'malformed' }
  if (!domains.includes(domain)) return { problem: 'foreignDomain' }
  return { userid: `${mailbox}@${domain}`, skeleton: `${skeletonOf(mailbox)}@${domain}` }
}

/**
 * Dots, hyphens and underscores do not tell people apart, nor do signs that are read as one another: `0` and `o`, `1`
 * and `l`, `rn` and `m`, `vv` and `w`.
 */
function skeletonOf(mailbox: string): string {
  return mailbox
    .replaceAll(/[._-]/g, '')
    .replaceAll('0', 'o')
    .replaceAll('1', 'l')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
}

/** Mailboxes that stand for the domain itself (RFC 2142), or that would lend somebody its authority. */
const reserved = skeletons(`
  abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp info marketing sales support
  mailer-daemon root admin administrator owner staff system noreply no-reply nobody daemon help billing accounts
  contact office service dakghar me all everyone orders shop chat api autoconfig autodiscover dmarc tls-reports
  ssladmin ssl it moderator official`)

/** Programs answer these; nobody gets them, not even from an admin. */
const ours = skeletons('postmaster abuse mailer-daemon dmarc tls-reports no-reply')

function skeletons(mailboxes: string): ReadonlySet<string> {
  return new Set(mailboxes.trim().split(/\s+/).map(skeletonOf))
}

/** An admin may give what strangers can't take: `sales@`, `info@`. */
export function isReserved({ skeleton }: Userid, isGivenByAdmin: boolean): boolean {
  return (isGivenByAdmin ? ours : reserved).has(skeleton.split('@')[0]!)
}
