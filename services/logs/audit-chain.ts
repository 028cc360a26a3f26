/** Each audit entry is sealed with the hash of the one before, so that none can be changed, added or left out unseen. */
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { AuditEntry, AuditVerification } from '#contracts/logs.ts'

export type Entry = z.output<typeof AuditEntry>

/** The hash before the first entry: 32 zero bytes, hex. */
export const genesisHash = '00'.repeat(32)

/** SHA-256, hex, over the 32 bytes of the hash before and the canonical JSON of the entry without its own. */
export function entryHash(previousHash: string, sealed: Omit<Entry, 'hash'> & { hash?: string }): string {
  const { hash: _, ...entry } = sealed
  return createHash('sha256').update(previousHash, 'hex').update(canonicalJson(entry)).digest('hex')
}

/** RFC 8785: keys sorted by UTF-16 code units, no white space, numbers as ECMAScript writes them. Takes what JSON can say. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, part]) => `${JSON.stringify(key)}:${canonicalJson(part)}`).join()}}`
}

/** Follows the chain up to what the head says it is. */
export async function verifyChain(
  head: Pick<Entry, 'sequence' | 'hash'>,
  pages: AsyncIterable<Entry[]>,
): Promise<z.output<typeof AuditVerification>> {
  let sound = { sequence: 0, hash: genesisHash }
  const result = (brokenSequence: number | null) => ({
    isIntact: brokenSequence === null,
    entryCount: sound.sequence,
    headHash: sound.hash,
    brokenSequence,
  })
  for await (const page of pages)
    for (const entry of page) {
      const next = sound.sequence + 1
      const isSound = entry.sequence === next && entry.hash === entryHash(sound.hash, entry)
      if (!isSound || next > head.sequence) return result(next)
      sound = entry
    }
  if (sound.sequence < head.sequence) return result(sound.sequence + 1)
  return result(sound.hash === head.hash ? null : sound.sequence)
}
