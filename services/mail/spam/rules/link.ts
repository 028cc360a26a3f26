/** Where its links lead. */
import type { Evidence } from '../evidence.ts'
import { organisationOf, type Link } from '../links.ts'
import { brandNamed, brands, cheapTops, freeHosts, shorteners } from './names.ts'
import { quote, when, type ReasonParameters, type Rule } from './rule.ts'

export const linkRules: Rule[] = [
  { code: 'linkOtherThanShown', weight: 2, kind: 'link', find: findOtherThanShown },
  { code: 'linkBrand', weight: 2.2, kind: 'link', find: findBrandElsewhere },
  {
    code: 'linkToNumber',
    weight: 1.8,
    kind: 'link',
    find: firstLink(({ host }) => /^(?:\d{1,3}\.){3}\d{1,3}$|^\d{6,10}$|^0x[\da-f]{1,8}$|^\[/.test(host)),
  },
  {
    code: 'linkUser',
    weight: 1.8,
    kind: 'link',
    find: firstLink(({ url }) => /^https?:\/\/[^/?#]{1,200}@/i.test(url)),
  },
  {
    code: 'linkEscaped',
    weight: 1.2,
    kind: 'link',
    find: firstLink(({ url }) => /^https?:\/\/[^/?#]{0,60}%[\da-f]{2}/i.test(url)),
  },
  {
    code: 'linkPort',
    weight: 0.8,
    kind: 'link',
    find: firstLink(
      ({ url }) =>
        /^https?:\/\/[^/?#@]{1,200}:\d{2,5}(?:\/|$)/i.test(url) && !/:(?:80|443)(?:\/|$)/.test(url),
    ),
  },
  {
    code: 'linkLetters',
    weight: 1.5,
    kind: 'link',
    find: firstLink(({ host }) => host.includes('xn--') || /[\u0400-\u04ff]/.test(host)),
  },
  {
    code: 'linkCheapDomain',
    weight: 0.9,
    kind: 'link',
    find: firstLink(
      ({ host }, { fromOrganisation }) =>
        organisationOf(host) !== fromOrganisation && cheapTops.has(host.slice(host.lastIndexOf('.') + 1)),
    ),
  },
  { code: 'linkShortened', weight: 0.5, kind: 'link', find: findShortened },
  { code: 'linkFreeHost', weight: 1, kind: 'link', find: findFreeHost },
  { code: 'formForPassword', weight: 2.5, kind: 'link', find: ({ html }) => when(html.hasPasswordField) },
  {
    code: 'formInMail',
    weight: 0.8,
    kind: 'link',
    find: ({ html }) => when(html.tags.has('form') && !html.hasPasswordField),
  },
  {
    code: 'scriptInMail',
    weight: 1.2,
    kind: 'link',
    find: ({ html }) => when(html.tags.has('script') || html.tags.has('iframe')),
  },
  {
    code: 'linkOnly',
    weight: 0.8,
    kind: 'link',
    find: ({ links, text }) => when(links.length > 0 && text.trim().length < 60),
  },
]

function firstLink(holds: (link: Link, evidence: Evidence) => boolean): Rule['find'] {
  return (evidence): ReasonParameters | undefined => {
    const link = evidence.links.find((each) => each.host !== '' && holds(each, evidence))
    return link && { link: quote(link.url), host: quote(link.host) }
  }
}

/** The text of a link is an address of somebody else than where it leads. Bulk mail counts clicks through a host of its sender's. */
function findOtherThanShown({ links, isAuthenticated, isBulk }: Evidence) {
  for (const { host, shown } of links) {
    const address =
      /^\s{0,10}(?:https?:\/\/)?((?:[a-z\d-]{1,63}\.){1,5}[a-z]{2,12})(?:[/?#:][^\s]{0,300})?\s{0,10}$/i.exec(
        shown.slice(0, 400),
      )?.[1]
    if (address === undefined || host === '') continue
    const isSame = organisationOf(address.toLowerCase()) === organisationOf(host)
    if (!isSame && !(isBulk && isAuthenticated)) return { shown: quote(address), host: quote(host) }
  }
  return undefined
}

/** It speaks of an account at a brand and of checking it, and none of its links leads there. */
function findBrandElsewhere({ subject, from, text, topics, links, fromOrganisation }: Evidence) {
  const isAsking = topics.has('credentials') || topics.has('delivery')
  if (!isAsking || links.length === 0) return undefined
  const brand = brandNamed(`${from?.name.slice(0, 100) ?? ''} ${subject} ${text.slice(0, 600)}`)
  if (brand === undefined) return undefined
  const own = brands[brand]!
  if (own.includes(fromOrganisation) || links.some(({ host }) => own.includes(organisationOf(host))))
    return undefined
  return { brand, host: quote(links[0]!.host) }
}

function findShortened({ links, isBulk }: Evidence) {
  const link = links.find(({ host }) => shorteners.has(host))
  return when(link !== undefined && !isBulk, { host: link?.host ?? '' })
}

function findFreeHost({ links, fromOrganisation }: Evidence) {
  const link = links.find(({ host }) => isFreeHost(host) && organisationOf(host) !== fromOrganisation)
  return link && { host: quote(link.host) }
}

function isFreeHost(host: string): boolean {
  const organisation = organisationOf(host)
  return freeHosts.has(organisation) && (host !== organisation || organisation === 'geocities.com')
}
