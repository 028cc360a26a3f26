import { maxArcSets, readArcSets, sealedFields, type ArcOutcome } from './arc.ts'
import { hashBodyAs, selectFields } from './canonical.ts'
import { openRawMessage, type MessageSource, type RawField } from './raw-message.ts'
import { namesToSign, seconds, signedField, type SigningKey } from './sign.ts'

export interface SealOptions {
  key: SigningKey
  /** Of the Authentication-Results field made when this message came: all behind its colon. */
  results: string
  /** What ARC was found to be then. */
  chain: ArcOutcome['result']
  now?: Date
}

/**
 * The three ARC fields (RFC 8617 §5.1) to be put before a message that is sent on; empty where no seal is of use: the
 * chain failed before, is full, or could not be checked.
 */
export async function sealMessage(source: MessageSource, options: SealOptions): Promise<string> {
  const { key, chain, now = new Date() } = options
  await using message = await openRawMessage(source)
  const { fields } = message
  const before = readArcSets(fields) ?? []
  if (message.isHeaderCut || chain === 'temperror' || typeof before === 'string') return ''
  if (before.length >= maxArcSets || before.at(-1)?.sealTags.get('cv')?.toLowerCase() === 'fail') return ''
  const body = hashBodyAs('relaxed')
  await message.hashBody([body])

  const instance = before.length + 1
  const state = before.length === 0 ? 'none' : chain === 'pass' ? 'pass' : 'fail'
  const facts = [`a=${key.algorithm}-sha256`, `d=${key.domain}`, `s=${key.selector}`, `t=${seconds(now)}`]
  const results = `ARC-Authentication-Results: i=${instance};${options.results.replace(/^(?!\s)/, ' ').trimEnd()}\r\n`
  const names = [...namesToSign(fields), ...namesOf(fields, 'dkim-signature')]
  const signature = signedField(
    'ARC-Message-Signature',
    [`i=${instance}`, ...facts, 'c=relaxed/relaxed', `h=${names.join(':')}`, `bh=${body.finish().digest}`],
    selectFields(fields, names),
    key,
  )
  // RFC 8617 §5.1.2: a seal over a failed chain covers its own set only.
  const earlier = state === 'fail' ? [] : sealedFields(before)
  const seal = signedField(
    'ARC-Seal',
    [`i=${instance}`, ...facts, `cv=${state}`],
    [...earlier, fieldOf(results), fieldOf(signature)],
    key,
  )
  return seal + signature + results
}

function namesOf(fields: readonly RawField[], wanted: string): string[] {
  return fields.flatMap(({ name }) => (name === wanted ? [name] : [])).slice(0, 20)
}

function fieldOf(text: string): RawField {
  return { name: text.slice(0, text.indexOf(':')).toLowerCase(), text: text.replace(/\r\n$/, '') }
}
