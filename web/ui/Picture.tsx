import { Avatar } from '@mantine/core'
import type { Account } from '#contracts/identity/account.ts'
import { addressOf } from '#contracts/http-client.ts'
import { identity } from '#contracts/identity.ts'

export interface PictureProps {
  account: Pick<Account, 'id' | 'name' | 'pictureId'>
  size?: number
}

/** Of a person; without a picture the first letters of the name. Beside the name it says nothing new. */
export function Picture({ account: { id, name, pictureId }, size = 36 }: PictureProps) {
  const address = addressOf(identity.calls.showPicture, { accountId: id })
  return (
    <Avatar
      // The address alone does not change with the picture.
      src={pictureId === null ? null : `${address}?${new URLSearchParams({ v: pictureId })}`}
      size={size}
      radius="xl"
      color="green"
      alt=""
      aria-hidden
    >
      {initialsOf(name)}
    </Avatar>
  )
}

/** As people of any script see letters: a Bengali consonant with its vowel sign is one. */
function initialsOf(name: string): string {
  const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  const words = name.trim().split(/\s+/)
  const shown = words.length > 1 ? [words[0]!, words.at(-1)!] : words
  return shown
    .map((word) => letters.segment(word)[Symbol.iterator]().next().value?.segment ?? '')
    .join('')
    .toUpperCase()
}
