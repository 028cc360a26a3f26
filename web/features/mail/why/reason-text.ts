import type { Reason } from '#contracts/mail/messages.ts'
import { categoryReasons } from '#contracts/mail/category-reasons.ts'
import { spamReasons } from '#contracts/mail/spam-reasons.ts'
import type { Words } from '#web/app/words.ts'

/** Of what decides before the filter does. */
const otherReasons = {
  writtenHere: { en: 'It was written here.', bn: 'এটি এখানেই লেখা হয়েছে।' },
  yourFilter: { en: 'One of your filters says so.', bn: 'আপনার একটি ফিল্টার এটি ঠিক করেছে।' },
}

type ReasonTexts = Record<string, { en: string; bn: string }>

export const reasonTexts: Record<'spam' | 'category', ReasonTexts> = {
  spam: { ...otherReasons, ...spamReasons },
  category: { ...otherReasons, ...categoryReasons },
}

/** A reason in words; its code where there are none. */
export function reasonText(
  { language, number }: Pick<Words, 'language' | 'number'>,
  reason: Reason,
  of: keyof typeof reasonTexts,
): string {
  const text = reasonTexts[of][reason.code]?.[language] ?? reason.code
  return text.replaceAll(/\{(\w+)\}/g, (hole, name: string) => {
    const value = reason.parameters[name]
    return typeof value === 'number' ? number(value) : (value ?? hole)
  })
}
