import type { Part } from './message.ts'

/**
 * The part of a number as IMAP counts (RFC 9051 §6.4.5.1): `''` the message itself, `1` of a message that is no
 * multipart its body, `2.1` the first part of a multipart or of the message that part 2 holds, `2.TEXT` that message's
 * multipart.
 */
export function findPart(structure: Part, number: string): Part | undefined {
  if (number === '' || number === 'TEXT') return structure
  let at: Part | undefined = structure
  let isMessage = true // `at` is the body of a message: without parts it is its own part 1.
  for (const step of number.split('.', 500)) {
    if (!isMessage && at.message) {
      at = at.message.part
      isMessage = true
    }
    if (step === 'TEXT') {
      if (!isMessage) return undefined
      continue
    }
    if (!/^[1-9]\d{0,5}$/.test(step)) return undefined
    if (at.parts) at = at.parts[Number(step) - 1]
    else if (!isMessage || step !== '1') return undefined
    if (!at) return undefined
    isMessage = false
  }
  return at
}

/** A part and all within it, in order. */
export function* eachPart(structure: Part): Generator<Part, void, undefined> {
  yield structure
  if (structure.message) yield* eachPart(structure.message.part)
  for (const part of structure.parts ?? []) yield* eachPart(part)
}
