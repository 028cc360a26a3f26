/** What TLS a domain wants its mail to come by: RFC 8461. */
import { request } from 'node:https'
import { isIP } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import type { Database } from '#platform/database/database.ts'
import type { Lookups } from '../authentication/resolver.ts'
import { findPolicy, keepPolicy, type KnownPolicy, type StsPolicy } from '../store/sts-policies.ts'

export interface StsTools {
  db: Database
  resolver: Lookups
  isAllowed(address: string): boolean
  now(): number
  /** Of the web servers that have policies; 443 but in tests. */
  httpsPort?: number | undefined
  roots?: SecureContextOptions['ca'] | undefined
}

/** RFC 8461 §3.3 suggests 64 KiB and a minute; a delivery waits for it. */
const maxPolicyBytes = 64 * 1024
const fetchMs = 10_000
/** RFC 8461 §3.2: about a year. */
const maxAgeSeconds = 31_557_600

/** Undefined where the domain has none, or none that could be had. */
export async function stsPolicy(domain: string, tools: StsTools): Promise<StsPolicy | undefined> {
  if (domain.startsWith('[')) return undefined
  const stored = await findPolicy(tools.db, domain)
  const known = stored && stored.expiresAt.getTime() > tools.now() ? stored : undefined
  const id = await announcedId(domain, tools.resolver)
  if (id === undefined || id === known?.id) return known
  const fetched = await fetchPolicy(domain, tools).catch(() => undefined)
  if (!fetched) return known
  const policy: KnownPolicy = {
    id,
    mode: fetched.mode,
    mx: fetched.mx,
    expiresAt: new Date(tools.now() + fetched.maxAgeSeconds * 1000),
  }
  await keepPolicy(tools.db, domain, policy)
  return policy
}

/** RFC 8461 §4.1: a pattern's `*` stands for exactly one label. */
export function isNamed({ mx }: Pick<StsPolicy, 'mx'>, host: string): boolean {
  return mx.some((pattern) =>
    pattern.startsWith('*.') ? host.slice(host.indexOf('.')) === pattern.slice(1) : host === pattern,
  )
}

/** Of the one record that begins with `v=STSv1;`: RFC 8461 §3.1. */
async function announcedId(domain: string, resolver: Lookups): Promise<string | undefined> {
  const { records } = await resolver.txt(`_mta-sts.${domain}`)
  const ours = records.filter((record) => /^v=STSv1\s*(;|$)/.test(record))
  if (ours.length !== 1) return undefined
  return /;\s*id\s*=\s*([A-Za-z0-9]{1,32})\s*(?:;|$)/.exec(ours[0]!.slice(0, 1000))?.[1]
}

interface FetchedPolicy extends Omit<StsPolicy, 'id'> {
  maxAgeSeconds: number
}

/** RFC 8461 §3.2. Undefined for what is no policy. */
export function readPolicy(text: string): FetchedPolicy | undefined {
  const fields = text.split(/\r?\n/).flatMap((line) => {
    const colon = line.indexOf(':')
    return colon === -1 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const]
  })
  const first = (name: string) => fields.find(([key]) => key === name)?.[1]
  const mode = first('mode')
  const age = first('max_age') ?? ''
  if (first('version') !== 'STSv1' || !/^\d{1,10}$/.test(age)) return undefined
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return undefined
  const mx = fields.filter(([key]) => key === 'mx').map(([, value]) => value.toLowerCase().replace(/\.$/, ''))
  if (mode !== 'none' && mx.length === 0) return undefined
  return { mode, mx: mx.slice(0, 1000), maxAgeSeconds: Math.min(Number(age), maxAgeSeconds) }
}

async function fetchPolicy(domain: string, tools: StsTools): Promise<FetchedPolicy | undefined> {
  const host = `mta-sts.${domain}`
  const [version4, version6] = await Promise.all([tools.resolver.a(host), tools.resolver.aaaa(host)])
  const address = [...version4.records, ...version6.records].find((each) => tools.isAllowed(each))
  if (address === undefined) return undefined
  return readPolicy(await download(host, address, tools))
}

/** RFC 8461 §3.3: a redirection counts as a failure; the certificate has to be right. */
function download(host: string, address: string, { httpsPort = 443, roots }: StsTools): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host,
      port: httpsPort,
      path: '/.well-known/mta-sts.txt',
      servername: host,
      agent: false,
      signal: AbortSignal.timeout(fetchMs),
      ...(roots !== undefined && { ca: roots }),
      lookup: (_name, options, done) => {
        const family = isIP(address)
        if (options.all) done(null, [{ address, family }])
        else done(null, address, family)
      },
    })
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const isText = /^text\/plain\s*(;|$)/i.test(incoming.headers['content-type'] ?? '')
      if (incoming.statusCode !== 200 || !isText) {
        outgoing.destroy()
        return reject(new Error('no policy there'))
      }
      const chunks: Buffer[] = []
      let bytes = 0
      incoming.on('error', reject)
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= maxPolicyBytes) return chunks.push(chunk)
        outgoing.destroy()
        return reject(new Error('the policy is too long'))
      })
      return incoming.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    })
    outgoing.end()
  })
}
