/** Who writes, and whether it is true. */
import { domainOf, type Evidence } from '../evidence.ts'
import { isForged } from '../facts.ts'
import { organisationOf } from '../links.ts'
import { brandNamed, brands, cheapTops, freeMail } from './names.ts'
import { quote, when, type Rule } from './rule.ts'

export const senderRules: Rule[] = [
  {
    code: 'fromMissing',
    weight: 2,
    kind: 'sender',
    find: ({ from }) => when(from === undefined || from.address === ''),
  },
  {
    code: 'fromSeveral',
    weight: 2.5,
    kind: 'sender',
    find: ({ message }) => when(message.oddities.includes('severalFrom')),
  },
  { code: 'brandInName', weight: 2.8, kind: 'sender', find: findBrandInName },
  { code: 'brandInDomain', weight: 2.5, kind: 'sender', find: findBrandInDomain },
  { code: 'addressInName', weight: 2, kind: 'sender', find: findAddressInName },
  { code: 'replyElsewhere', weight: 1.2, kind: 'sender', find: findReplyElsewhere },
  {
    code: 'cheapDomain',
    weight: 0.9,
    kind: 'sender',
    find: ({ fromDomain }) => when(cheapTops.has(topOf(fromDomain)), { domain: quote(fromDomain) }),
  },
  { code: 'randomSender', weight: 0.8, kind: 'sender', find: findRandomSender },
  { code: 'ownAddressForged', weight: 2, kind: 'sender', find: findOwnAddressForged },
  {
    code: 'officeFromFreeMail',
    weight: 1.5,
    kind: 'sender',
    find: ({ from, fromDomain }) =>
      when(freeMail.has(fromDomain) && from !== undefined && namesOffice(from.name), {
        name: quote(from?.name ?? ''),
      }),
  },
  {
    code: 'dmarcFail',
    weight: 1.5,
    kind: 'sender',
    find: ({ facts, fromDomain }) =>
      when(facts.authentication?.dmarc === 'fail', { domain: quote(fromDomain) }),
  },
  {
    code: 'dmarcRejects',
    weight: 1.5,
    kind: 'sender',
    find: ({ facts: { authentication }, fromDomain }) =>
      when(
        authentication?.dmarc === 'fail' &&
          ['reject', 'quarantine'].includes(authentication.dmarcPolicy ?? ''),
        { domain: quote(fromDomain) },
      ),
  },
  {
    code: 'spfFail',
    weight: 1,
    kind: 'sender',
    find: ({ facts }) =>
      when(facts.authentication?.spf === 'fail', { domain: quote(domainOf(facts.envelopeFrom ?? '')) }),
  },
  {
    code: 'unauthenticated',
    weight: 0.6,
    kind: 'sender',
    find: ({ facts, isAuthenticated, fromDomain }) =>
      when(facts.authentication !== undefined && !isAuthenticated && !isForged(facts), {
        domain: quote(fromDomain),
      }),
  },
  {
    code: 'authenticated',
    weight: -0.7,
    kind: 'sender',
    find: ({ isAuthenticated, fromDomain }) => when(isAuthenticated, { domain: quote(fromDomain) }),
  },
  {
    code: 'clientNameless',
    weight: 0.8,
    kind: 'sender',
    find: ({ facts: { client } }) =>
      when(client !== undefined && client.fcrdns === undefined, { address: client?.address ?? '' }),
  },
  {
    code: 'heloUnlikely',
    weight: 0.8,
    kind: 'sender',
    find: ({ facts: { client } }) =>
      when(client?.helo !== undefined && (!client.helo.includes('.') || /^[\d.]{1,100}$/.test(client.helo)), {
        helo: quote(client?.helo ?? ''),
      }),
  },
]

function topOf(domain: string): string {
  return domain.slice(domain.lastIndexOf('.') + 1)
}

function findBrandInName({ from, fromDomain, fromOrganisation, isAuthenticated }: Evidence) {
  if (from === undefined || from.name === '') return undefined
  const brand = brandNamed(from.name.slice(0, 200))
  if (brand === undefined || brands[brand]!.includes(fromOrganisation)) return undefined
  const plain = brand.replaceAll(' ', '')
  // `amazon.fr` and the like, where the domain itself answers for the name.
  if (fromOrganisation.startsWith(`${plain}.`) && isAuthenticated) return undefined
  return { name: quote(from.name), domain: quote(fromDomain) }
}

/** `paypa1.com`, `amazon-billing.example`, `xn--pple-43d.com`. */
function findBrandInDomain({ fromDomain, fromOrganisation }: Evidence) {
  if (fromDomain.startsWith('xn--') || fromDomain.includes('.xn--')) {
    if (/[a-z]{3}/.test(fromDomain.replaceAll('xn--', '').slice(0, 4))) return { domain: quote(fromDomain) }
  }
  const label = fromOrganisation.split('.')[0] ?? ''
  const readAs = label
    .replaceAll('0', 'o')
    .replaceAll('1', 'l')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll('5', 's')
  const words = new Set([...label.split('-'), ...fromDomain.split(/[.-]/)])
  for (const [brand, domains] of Object.entries(brands)) {
    if (brand.length < 5 || brand.includes(' ') || domains.includes(fromOrganisation) || label === brand)
      continue
    if (readAs !== label && readAs.split('-').includes(brand)) return { domain: quote(fromDomain) }
    if (words.has(brand) && brand !== 'apple') return { domain: quote(fromDomain) }
  }
  return undefined
}

function findAddressInName({ from, fromOrganisation }: Evidence) {
  const inName = /[\w.+-]{1,64}@([a-z\d-]{1,63}(?:\.[a-z\d-]{1,63}){1,5})/i.exec(
    from?.name.slice(0, 200) ?? '',
  )?.[1]
  if (inName === undefined || organisationOf(inName.toLowerCase()) === fromOrganisation) return undefined
  return { name: quote(from!.name), domain: quote(fromOrganisation) }
}

function findReplyElsewhere(evidence: Evidence) {
  const reply = evidence.message.envelope.replyTo[0]
  if (reply === undefined || !evidence.headers.has('reply-to') || evidence.isBulk) return undefined
  const domain = domainOf(reply.address)
  if (organisationOf(domain) === evidence.fromOrganisation) return undefined
  return when(freeMail.has(domain), { address: quote(reply.address) })
}

function findRandomSender({ from }: Evidence) {
  const local = from?.address.slice(0, Math.max(0, from.address.lastIndexOf('@'))).toLowerCase() ?? ''
  if (local.length > 64 || /bounce|reply|notif/.test(local)) return undefined
  const turns = local.match(/\d[a-z]/g)?.length ?? 0
  const isRandom =
    /[bcdfghjklmnpqrstvwxz]{6}/.test(local) ||
    /[a-z]\d{5}/.test(local) ||
    (turns >= 2 && local.length >= 8 && /^[a-z\d]{1,64}$/.test(local))
  return when(isRandom, { address: quote(from?.address ?? '') })
}

function findOwnAddressForged({ from, fromDomain, facts, isAuthenticated }: Evidence) {
  if (from === undefined || isAuthenticated || facts.authentication === undefined) return undefined
  const isOwn =
    facts.ownAddresses?.includes(from.address.toLowerCase()) || facts.ownDomains?.includes(fromDomain)
  return when(isOwn === true, { address: quote(from.address) })
}

const offices = [
  'bank',
  'customer service',
  'security team',
  'account team',
  'billing',
  'it support',
  'help desk',
  'helpdesk',
  'webmail',
  'united nations',
  'world bank',
  'lottery',
  'ministry',
  'fbi',
  'attorney',
  'loan',
  'invoice',
  'support team',
  'mail admin',
  'administrator',
  'human resources',
]

function namesOffice(name: string): boolean {
  const lower = name.toLowerCase()
  return offices.some((office) => lower.includes(office))
}
