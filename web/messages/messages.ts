/** Texts by key, typed: a key that is not there and a hole that is not filled don't compile. */
import type { Language } from '#contracts/identity/account.ts'
import type { en } from './en.ts'

export type MessageKey = keyof typeof en
/** Every language has the same keys. */
export type Messages = Record<MessageKey, string>

type HolesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | HolesIn<Rest>
  : never
type Holes<Key extends MessageKey> = HolesIn<(typeof en)[Key]>

/** What fills the holes of a text; nothing where it has none. */
export type Filling<Key extends MessageKey> = [Holes<Key>] extends [never]
  ? []
  : [Record<Holes<Key>, string | number>]

/** Keys without holes. */
export type PlainKey = { [Key in MessageKey]: [Holes<Key>] extends [never] ? Key : never }[MessageKey]

/** Keys of a text for one and one for more: `sessions.ended` for `sessions.ended.one` and `sessions.ended.other`. */
export type CountedKey = {
  [Key in MessageKey]: Key extends `${infer Base}.other`
    ? `${Base}.one` extends MessageKey
      ? Base
      : never
    : never
}[MessageKey]

export async function loadMessages(language: Language): Promise<Messages> {
  return language === 'bn' ? (await import('./bn.ts')).bn : (await import('./en.ts')).en
}
