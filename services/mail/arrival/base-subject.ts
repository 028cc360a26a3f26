/** `Re:`, `Fwd[2]:`, `AW:`, `[list]` and `(fwd)`: what RFC 5256 §2.1 takes off, and what programs in other languages write. */
const mark =
  /^(?:(?:re|fwd?|aw|wg|sv|vs|antw|rv|tr|উত্তর|ফরওয়ার্ড)\s*(?:\[\d{1,4}\]|\(\d{1,4}\))?\s*[:：]\s*|\[[^\][]{0,100}\]\s*)/iu

/** What answers to one another have in common: lower case, at most 250 characters; empty where there is nothing. */
export function baseSubject(subject: string): string {
  let base = subject.slice(0, 1000).replaceAll(/\s+/gu, ' ').trim().toLowerCase()
  for (;;) {
    const shorter = base.replace(mark, '').replace(/\s*\(fwd\)$/, '')
    // A subject that is a mark and nothing else is kept.
    if (shorter === base || shorter === '') break
    base = shorter
  }
  return base.slice(0, 250)
}
