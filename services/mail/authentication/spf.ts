import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { canBeName, type DnsAnswer, type Lookups } from './resolver.ts'
import { expandDomain, expandMacros, type MacroValues } from './spf-macro.ts'
import { isExplanation, isSpfRecord, parseSpfRecord, type Directive, type SpfRecord } from './spf-record.ts'

export type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'

export interface SpfOutcome {
  result: SpfResult
  /** Which of the two names was checked, and that name. */
  identity: 'mailfrom' | 'helo'
  domain: string
  /** The directive that decided, as written in the record. */
  mechanism?: string
  /** Why there is an error, in a few words. */
  reason?: string
  /** What the domain says to those it refuses; at most 500 characters of ASCII, foreign text. */
  explanation?: string
}

export interface SpfQuestion {
  address: string
  helo: string
  /** Empty for the null sender: then the name said in HELO is checked. */
  mailFrom: string
  receiver: string
}

/** RFC 7208 §4.6.4. */
const limits = { lookups: 10, voids: 2, names: 10 }

interface Evaluation {
  resolver: Lookups
  values: MacroValues
  lookups: number
  voids: number
  reason?: string
}

type Fault = 'temperror' | 'permerror'

interface Verdict {
  result: SpfResult
  mechanism?: string
  /** The record that decided and the domain it stands at. */
  record?: SpfRecord
  domain?: string
}

const resultOf = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const

/** Whether the client may send for this domain: RFC 7208's check_host(). */
export async function checkSpf(question: SpfQuestion, resolver: Lookups): Promise<SpfOutcome> {
  const { identity, sender, domain } = identityOf(question)
  if (isIP(question.address) === 0 || !isCheckable(domain)) return { result: 'none', identity, domain }
  const evaluation: Evaluation = {
    resolver,
    values: macroValues(question, sender, domain, resolver),
    lookups: 0,
    voids: 0,
  }
  const verdict = await evaluateDomain(evaluation, domain)
  const outcome: SpfOutcome = { result: verdict.result, identity, domain }
  if (verdict.mechanism !== undefined) outcome.mechanism = verdict.mechanism
  if (evaluation.reason !== undefined && verdict.result.endsWith('error')) outcome.reason = evaluation.reason
  if (verdict.result === 'fail') {
    const explanation = await explain(evaluation, verdict)
    if (explanation !== undefined) outcome.explanation = explanation
  }
  return outcome
}

function identityOf({ mailFrom, helo }: SpfQuestion) {
  if (mailFrom === '' || mailFrom === '<>')
    return { identity: 'helo', sender: `postmaster@${helo}`, domain: helo.toLowerCase() } as const
  const at = mailFrom.lastIndexOf('@')
  const domain = mailFrom.slice(at + 1).toLowerCase()
  // RFC 7208 §4.3: an absent local part is `postmaster`.
  return { identity: 'mailfrom', sender: at > 0 ? mailFrom : `postmaster@${domain}`, domain } as const
}

/** RFC 7208 §4.3: a name of two or more labels, no address. */
function isCheckable(domain: string): boolean {
  const name = domain.replace(/\.$/, '')
  return canBeName(name) && name.includes('.') && !name.startsWith('[') && isIP(name) === 0
}

function macroValues(question: SpfQuestion, sender: string, domain: string, resolver: Lookups): MacroValues {
  const at = sender.lastIndexOf('@')
  const address = ipaddr.process(question.address)
  return {
    sender,
    localPart: sender.slice(0, at),
    senderDomain: sender.slice(at + 1),
    domain,
    address,
    helo: question.helo,
    receiver: question.receiver,
    async validatedName(of) {
      const names = await validatedNames(address, resolver)
      const own = of.toLowerCase()
      return (
        names.find((name) => name === own) ??
        names.find((name) => name.endsWith(`.${own}`)) ??
        names[0] ??
        'unknown'
      )
    },
  }
}

async function evaluateDomain(evaluation: Evaluation, domain: string): Promise<Verdict> {
  const answer = await evaluation.resolver.txt(domain)
  if (answer.status === 'failed') return faulty(evaluation, 'temperror', `DNS ${answer.reason} for ${domain}`)
  const records = answer.records.filter(isSpfRecord)
  if (records.length === 0) return { result: 'none' }
  if (records.length > 1) return faulty(evaluation, 'permerror', `several records at ${domain}`)
  const record = parseSpfRecord(records[0]!)
  if (typeof record === 'string') return faulty(evaluation, 'permerror', `${domain}: ${record}`)

  const outerDomain = evaluation.values.domain
  evaluation.values.domain = domain
  const verdict = await evaluateRecord(evaluation, record, domain)
  evaluation.values.domain = outerDomain
  return verdict
}

async function evaluateRecord(evaluation: Evaluation, record: SpfRecord, domain: string): Promise<Verdict> {
  for (const directive of record.directives) {
    const match = await matches(evaluation, directive)
    if (typeof match === 'string') return { result: match }
    if (match) return { result: resultOf[directive.qualifier], mechanism: directive.text, record, domain }
  }
  if (record.redirect === undefined) return { result: 'neutral', record, domain }
  if (!countLookup(evaluation)) return { result: 'permerror' }
  const target = await expandDomain(record.redirect, evaluation.values)
  const verdict = await evaluateDomain(evaluation, target)
  return verdict.result === 'none' ? faulty(evaluation, 'permerror', `no record at ${target}`) : verdict
}

function faulty(evaluation: Evaluation, result: Fault, reason: string): Verdict {
  evaluation.reason ??= reason
  return { result }
}

function countLookup(evaluation: Evaluation): boolean {
  evaluation.lookups++
  if (evaluation.lookups > limits.lookups) evaluation.reason ??= `more than ${limits.lookups} look-ups`
  return evaluation.lookups <= limits.lookups
}

async function matches(evaluation: Evaluation, directive: Directive): Promise<boolean | Fault> {
  const { mechanism } = directive
  if (mechanism === 'all') return true
  if (mechanism === 'ip4' || mechanism === 'ip6') return isWithin(evaluation, directive.target!, directive)
  if (!countLookup(evaluation)) return 'permerror'
  const { values } = evaluation
  const target = directive.target === undefined ? values.domain : await expandDomain(directive.target, values)
  if (mechanism === 'include') return matchesInclude(evaluation, target)
  if (mechanism === 'exists') return matchesExists(evaluation, target)
  if (mechanism === 'ptr') return matchesPtr(evaluation, target)
  if (mechanism === 'a') return matchesHost(evaluation, target, directive)
  return matchesMx(evaluation, target, directive)
}

async function matchesInclude(evaluation: Evaluation, target: string): Promise<boolean | Fault> {
  const { result } = await evaluateDomain(evaluation, target)
  if (result === 'temperror' || result === 'permerror') return result
  // RFC 7208 §5.2: to include a domain without a record is an error.
  if (result === 'none') return faulty(evaluation, 'permerror', `no record at ${target}`).result as Fault
  return result === 'pass'
}

async function matchesExists(evaluation: Evaluation, target: string): Promise<boolean | Fault> {
  const answer = await evaluation.resolver.a(target)
  return faultOf(evaluation, answer, target) ?? answer.status === 'found'
}

async function matchesHost(
  evaluation: Evaluation,
  name: string,
  directive: Directive,
): Promise<boolean | Fault> {
  const isV4 = evaluation.values.address.kind() === 'ipv4'
  const answer = await (isV4 ? evaluation.resolver.a(name) : evaluation.resolver.aaaa(name))
  return (
    faultOf(evaluation, answer, name) ??
    answer.records.some((address) => isWithin(evaluation, address, directive))
  )
}

async function matchesMx(
  evaluation: Evaluation,
  name: string,
  directive: Directive,
): Promise<boolean | Fault> {
  const answer = await evaluation.resolver.mx(name)
  const fault = faultOf(evaluation, answer, name)
  if (fault !== undefined) return fault
  if (answer.records.length > limits.names)
    return faulty(evaluation, 'permerror', `more than ${limits.names} mail servers at ${name}`)
      .result as Fault
  for (const { exchange } of answer.records) {
    if (exchange === '') continue
    const match = await matchesHost(evaluation, exchange, directive)
    if (match !== false) return match
  }
  return false
}

async function matchesPtr(evaluation: Evaluation, target: string): Promise<boolean> {
  const name = target.toLowerCase()
  const names = await validatedNames(evaluation.values.address, evaluation.resolver)
  return names.some((found) => found === name || found.endsWith(`.${name}`))
}

/** RFC 7208 §5.5: names of the address that lead back to it; a look-up that fails gives none. */
async function validatedNames(address: ipaddr.IPv4 | ipaddr.IPv6, resolver: Lookups): Promise<string[]> {
  const { records } = await resolver.ptr(address.toString())
  const valid: string[] = []
  for (const name of records.slice(0, limits.names)) {
    const { records: addresses } = await (address.kind() === 'ipv4' ? resolver.a(name) : resolver.aaaa(name))
    if (addresses.some((found) => ipaddr.process(found).toString() === address.toString())) valid.push(name)
  }
  return valid
}

function faultOf(evaluation: Evaluation, answer: DnsAnswer<unknown>, name: string): Fault | undefined {
  if (answer.status === 'failed')
    return faulty(evaluation, 'temperror', `DNS ${answer.reason} for ${name}`).result as Fault
  if (answer.status === 'found') return undefined
  evaluation.voids++
  if (evaluation.voids <= limits.voids) return undefined
  return faulty(evaluation, 'permerror', `more than ${limits.voids} look-ups that found nothing`)
    .result as Fault
}

function isWithin({ values }: Evaluation, network: string, { prefix4, prefix6 }: Directive): boolean {
  const { address } = values
  const other = ipaddr.parse(network)
  if (address.kind() !== other.kind()) return false
  return address.match(other as never, address.kind() === 'ipv4' ? prefix4 : prefix6)
}

/** RFC 7208 §6.2: the text of the record that refused; whatever goes wrong here leaves it out. */
async function explain(evaluation: Evaluation, { record, domain }: Verdict): Promise<string | undefined> {
  if (record?.explanation === undefined || domain === undefined) return undefined
  const values = { ...evaluation.values, domain }
  const answer = await evaluation.resolver.txt(await expandDomain(record.explanation, values))
  const [text] = answer.records
  if (answer.records.length !== 1 || text === undefined || !isExplanation(text)) return undefined
  const expanded = await expandMacros(text, values)
  return /^[\x20-\x7e]*$/.test(expanded) ? expanded.slice(0, 500) : undefined
}
