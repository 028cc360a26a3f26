/** Domains, their DNS records, addresses, and what other servers report. */
import { networkInterfaces } from 'node:os'
import { domainToASCII } from 'node:url'
import { identity } from '#contracts/identity.ts'
import { audit } from '#platform/audit.ts'
import { pageOf } from '#platform/pages.ts'
import ipaddr from 'ipaddr.js'
import { openResolver } from '../authentication/resolver.ts'
import { parseAddress } from '../smtp/address.ts'
import { dnsServers, serverName, type Calls, type Command, type Context } from '../settings.ts'
import * as store from '../store/administration.ts'
import { keysOf } from '../store/domains.ts'
import { listReports } from '../store/reports.ts'
import { listDomains } from '../store/addresses.ts'
import { checkRecords } from './check.ts'
import { ensureDomain } from './ensure.ts'
import { mtaStsPolicy, recordsFor, type DomainSetup } from './records.ts'

export const domainCalls: Pick<
  Calls,
  | 'listMailDomains'
  | 'addMailDomain'
  | 'changeMailDomain'
  | 'removeMailDomain'
  | 'checkMailDomain'
  | 'showMtaStsPolicy'
  | 'listAddresses'
  | 'saveAddress'
  | 'deleteAddress'
  | 'listMailReports'
> = {
  async listMailDomains(_input, context) {
    return { items: await store.domainRows(context.db) }
  },
  async addMailDomain({ name }, context) {
    const domain = domainToASCII(name)
    if (domain === '' || !domain.includes('.') || /[^a-z0-9.-]/.test(domain))
      return context.fail('badDomain', 'This is no domain name.')
    if ((await listDomains(context.db)).includes(domain))
      return context.fail('domainTaken', 'The domain is here already.')
    // People can have mailboxes on it: identity gives userids.
    const accounts = context.client(identity)
    const { domains } = await accounts.showInstallation({})
    if (!domains.includes(domain)) await accounts.changeInstallation({ domains: [...domains, domain] })
    await ensureDomain(context, domain)
    await audit(context, 'addMailDomain', domain)
    return (await store.domainRows(context.db, domain))[0] ?? context.fail('notFound')
  },
  async changeMailDomain({ name, catchAll }, context) {
    if (!(await store.setCatchAll(context.tx, name, catchAll))) return context.fail('notFound')
    await audit(context, 'changeMailDomain', name, { catchAll })
    return (await store.domainRows(context.tx, name))[0] ?? context.fail('notFound')
  },
  async removeMailDomain({ name }, context) {
    const [domain] = await store.domainRows(context.tx, name)
    if (!domain) return context.fail('notFound')
    if (!(await store.deleteDomain(context.tx, name)))
      return context.fail(
        'domainInUse',
        domain.isPrimary ? 'It is the domain of the installation.' : 'It has addresses.',
      )
    const accounts = context.client(identity)
    const { domains } = await accounts.showInstallation({})
    if (domains.includes(name))
      await accounts.changeInstallation({ domains: domains.filter((each) => each !== name) })
    await audit(context, 'removeMailDomain', name)
    return null
  },
  async checkMailDomain({ name }, context) {
    const [domain] = await store.domainRows(context.db, name)
    if (!domain) return context.fail('notFound')
    const records = recordsFor(setupOf(context, name, await keysOf(context.db, name)))
    using resolver = openResolver({ servers: dnsServers(context.settings) })
    const checked = await checkRecords(records, resolver)
    return {
      records: checked.map(({ record: { required, ...record }, state, found, advice }) => ({
        ...record,
        isRequired: required,
        state,
        found: found.map((text) => text.slice(0, 1000)),
        advice,
      })),
      checkedAt: new Date().toISOString(),
    }
  },
  async showMtaStsPolicy({ domain }, context) {
    if (!(await listDomains(context.db)).includes(domain)) return context.fail('notFound')
    return { policy: mtaStsPolicy(setupOf(context, domain, [])).body }
  },
  async listAddresses({ cursor, limit, kind, text }, context) {
    const rows = await store.listAddresses(context.db, { kind, text, after: cursor, limit: limit + 1 })
    return pageOf(rows, limit, ({ address }) => address)
  },
  async saveAddress({ address: given, ...row }, context) {
    const address = await ownAddress(context, given)
    const forwardTo = row.forwardTo.map(
      (each) => parseAddress(each)?.address ?? context.fail('badAddress', `${each} is no e-mail address.`),
    )
    if (row.accountIds.length + forwardTo.length === 0)
      return context.fail('badAddress', 'Say who is to get its mail.')
    const saved = await store.putAddress(context.tx, { address, ...row, forwardTo })
    if (!saved) return context.fail('addressTaken', 'It is the address of an account.')
    await audit(context, 'saveAddress', address, {
      kind: row.kind,
      accounts: row.accountIds.length,
      forwardTo,
    })
    return saved
  },
  async deleteAddress({ address }, context) {
    if (!(await store.removeAddress(context.tx, address.toLowerCase()))) return context.fail('notFound')
    await audit(context, 'deleteAddress', address.toLowerCase())
    return null
  },
  async listMailReports({ domain, days }, context) {
    return listReports(context.db, domain, days)
  },
}

async function ownAddress(
  context: Command & { fail(code: 'badAddress', detail: string): never },
  given: string,
): Promise<string> {
  const path = parseAddress(given.toLowerCase())
  const domains = await listDomains(context.tx)
  if (!path || !domains.includes(path.domain) || path.localPart.includes('+'))
    return context.fail('badAddress', `An address here is like team@${domains[0] ?? 'example.org'}.`)
  return path.address
}

function setupOf(
  { settings }: Pick<Context, 'settings'>,
  domain: string,
  keys: DomainSetup['keys'],
): DomainSetup {
  const reportAddress = `postmaster@${domain}`
  return { domain, mailHost: serverName(settings), addresses: publicAddresses(), keys, reportAddress }
}

/** Of this machine, as far as it knows them itself. */
function publicAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .map(({ address }) => address)
    .filter((address) => ipaddr.isValid(address) && ipaddr.parse(address).range() === 'unicast')
}
