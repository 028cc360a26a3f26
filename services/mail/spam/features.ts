import { domainOf, type Evidence } from './evidence.ts'
import { organisationOf } from './links.ts'
import { addGrams, createPlaceSet, hashName, placeOf, type PlaceSet } from './grams.ts'
import type { WordStream } from './words.ts'

/** Grows when the same message gives other places; features of an older version can't be taken back. */
export const featureVersion = 1

/** What the model sees of a message: sets of places in three groups, each weighed by its own size. */
export interface Features {
  version: number
  /** Log-odds that the rules and the history give. */
  offset: number
  /** Places of the groups `header`, `text` and `tokens`, one after the other. */
  places: Uint16Array
  /** Where each group ends. */
  ends: readonly [number, number, number]
}

const headerBudget = 2500
const textBudget = 3000
const wordBudget = 300

export function featuresOf(evidence: Evidence, ruleCodes: readonly string[], offset: number): Features {
  const header = collect((set) => addHeader(set, evidence))
  const text = collect((set) =>
    addGrams(set, `${evidence.subject}\n${evidence.text}`, textBudget, seeds.text),
  )
  const tokens = collect((set) => addTokens(set, evidence, ruleCodes))
  const places = new Uint16Array(header.length + text.length + tokens.length)
  places.set(header)
  places.set(text, header.length)
  places.set(tokens, header.length + text.length)
  const textEnd = header.length + text.length
  return { version: featureVersion, offset, places, ends: [header.length, textEnd, places.length] }
}

export const seeds = {
  text: 0x1b873593,
  word: 0x2c1b3c6d,
  pair: 0x297a2d39,
  name: 0x165667b1,
  subjectWord: 0x27d4eb2f,
}

/** Fields that say how a message was made and sent, with how much of each counts; verdicts of others do not. */
const readHeaders: Record<string, number> = {
  received: 220,
  from: 120,
  to: 120,
  cc: 80,
  'reply-to': 80,
  sender: 80,
  'return-path': 80,
  'message-id': 100,
  'in-reply-to': 60,
  date: 50,
  'content-type': 120,
  'content-transfer-encoding': 30,
  'mime-version': 20,
  'x-mailer': 80,
  'user-agent': 100,
  'x-priority': 20,
  'x-msmail-priority': 20,
  importance: 20,
  precedence: 20,
  organization: 60,
  'list-id': 80,
  'list-post': 80,
  'list-unsubscribe': 120,
  'x-originating-ip': 40,
  'x-mimeole': 60,
  'auto-submitted': 30,
  'feedback-id': 60,
  'errors-to': 60,
}
const mostOfEach = 5

const places = createPlaceSet()

function collect(add: (set: PlaceSet) => void): Uint16Array {
  places.clear()
  add(places)
  return places.take()
}

function addHeader(set: PlaceSet, { message, headers, subject }: Evidence): void {
  let budget = headerBudget
  addGrams(set, subject, 200, hashName('subject'))
  for (const [name, most] of Object.entries(readHeaders)) {
    const values = headers.get(name)
    if (values === undefined) continue
    const seed = hashName(name)
    for (const value of values.slice(0, mostOfEach)) {
      if (budget <= 0) return
      const length = Math.min(most, value.length, budget)
      addGrams(set, ` ${value}`, length, seed)
      budget -= length
    }
  }
  let previous = 0
  for (const { name } of message.headers.slice(0, 60)) {
    if (isForeignVerdict(name)) continue
    const hash = hashName(name)
    set.add(placeOf(hash, seeds.name))
    set.add(placeOf(Math.imul(hash, 31) + previous, seeds.name))
    previous = hash
  }
}

/** What another filter thought of it, or which archive it went through, is no property of the message. */
function isForeignVerdict(name: string): boolean {
  return (
    name.includes('spam') ||
    name.includes('virus') ||
    name.includes('scan') ||
    name.startsWith('x-ms-exchange')
  )
}

function addTokens(set: PlaceSet, evidence: Evidence, ruleCodes: readonly string[]): void {
  addWords(set, evidence.subjectWords, 40, seeds.subjectWord)
  addWords(set, evidence.subjectWords, 40, seeds.word)
  addWords(set, evidence.words, wordBudget, seeds.word)
  const name = (text: string) => set.add(placeOf(hashName(text), seeds.name))
  for (const code of ruleCodes) name(`rule:${code}`)
  for (const [tag, count] of evidence.html.tags) {
    name(`tag:${tag}`)
    if (count > 5) name(`tags:${tag}:${Math.min(5, Math.floor(Math.log2(count)))}`)
  }
  for (const { host, url } of evidence.links.slice(0, 40)) {
    name(`host:${host}`)
    name(`organisation:${organisationOf(host)}`)
    name(`top:${host.slice(host.lastIndexOf('.') + 1)}`)
    const path = /^[^:]*:\/*[^/]*\/([^/?#]{1,20})/.exec(url.slice(0, 400))?.[1]
    if (path !== undefined) name(`path:${path}`)
  }
  for (const { mediaType, fileName } of evidence.message.attachments.slice(0, 20)) {
    name(`attached:${mediaType}`)
    name(`extension:${fileName.slice(fileName.lastIndexOf('.') + 1)}`)
  }
  addSender(name, evidence)
  addShape(name, evidence)
}

function addWords(set: PlaceSet, { hashes, count }: WordStream, budget: number, seed: number): void {
  let previous = 0
  for (let at = 0; at < Math.min(count, budget); at++) {
    const hash = hashes[at]!
    set.add(placeOf(hash, seed))
    set.add(placeOf(Math.imul(previous, 31) + hash, seed ^ seeds.pair))
    previous = hash
  }
}

function addSender(
  name: (text: string) => void,
  { from, fromDomain, fromOrganisation, facts }: Evidence,
): void {
  if (from !== undefined) {
    name(`from:${from.address}`)
    name(`fromName:${from.name}`)
    name(`fromDomain:${fromDomain}`)
    name(`fromOrganisation:${fromOrganisation}`)
    name(`fromTop:${fromDomain.slice(fromDomain.lastIndexOf('.') + 1)}`)
  }
  if (facts.envelopeFrom !== undefined) name(`envelope:${organisationOf(domainOf(facts.envelopeFrom))}`)
  const { spf, dkim, dmarc } = facts.authentication ?? {}
  for (const [method, result] of Object.entries({ spf, dkim, dmarc }))
    if (result !== undefined) name(`${method}:${result}`)
  const { client } = facts
  if (client !== undefined) {
    name(`client:${client.address.split(/[.:]/).slice(0, 2).join('.')}`)
    name(`clientName:${client.fcrdns === undefined ? '' : organisationOf(client.fcrdns)}`)
  }
}

/** Sizes and shares, in steps. */
function addShape(
  name: (text: string) => void,
  { message, text, links, html, subject, characters }: Evidence,
): void {
  const part = message.structure
  name(`type:${part.mediaType}:${part.encoding}`)
  for (const child of part.parts?.slice(0, 10) ?? [])
    name(`part:${child.mediaType}:${child.encoding}:${child.parameters.charset ?? ''}`)
  name(`charset:${part.parameters.charset ?? ''}`)
  for (const oddity of message.oddities) name(`oddity:${oddity}`)
  name(`textLength:${step(text.length)}`)
  name(`size:${step(message.sizeBytes)}`)
  name(`links:${step(links.length)}`)
  name(`images:${step(html.images.length)}`)
  name(`to:${step(message.envelope.to.length + message.envelope.cc.length)}`)
  name(`subjectLength:${step(subject.length)}`)
  const { letters, capitals, digits, marks, length } = characters
  name(`capitals:${share(capitals, letters)}`)
  name(`digits:${share(digits, length)}`)
  name(`marks:${share(marks, length)}`)
  name(`greater:${text.includes('\n>')}`)
}

function step(value: number): number {
  return Math.round(Math.log2(1 + value))
}

function share(count: number, all: number): number {
  return all === 0 ? 0 : Math.min(12, Math.round((count / all) * 25))
}
