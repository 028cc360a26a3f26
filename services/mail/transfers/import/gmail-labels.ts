/** `X-Gmail-Labels`, as Google Takeout writes it: names with commas between, `/` in nested ones. */
import { categories, type Category } from '../../categories/category.ts'
import { decodeWords } from '../../mime/words.ts'
import { labelPath, standingOf } from './mailbox-names.ts'
import type { Note } from './note.ts'

/** Of a program's own, that say nothing here. */
const unsaying = new Set(['important', 'opened', 'archived', 'chat', 'muted', 'unread'])
const mostLabels = 100

export function readGmailLabels(value: string): Note {
  const note: Note = { roles: [], labels: [], isSeen: true }
  for (const name of namesIn(decodeWords(value)).slice(0, mostLabels)) {
    const lower = name.toLowerCase()
    if (lower === 'unread') note.isSeen = false
    if (unsaying.has(lower)) continue
    if (lower.startsWith('category ')) {
      const category = categoryOf(lower.slice('category '.length))
      if (category) note.category = category
      continue
    }
    const standing = standingOf(name.includes('/') ? ['Labels', ...labelPath(name.split('/'))] : [name])
    note.roles.push(...standing.roles)
    note.labels.push(...standing.labels)
    if (standing.isFlagged) note.isFlagged = true
    if (standing.isDraft) note.isDraft = true
  }
  return note
}

function categoryOf(name: string): Category | undefined {
  return name === 'personal' ? 'primary' : categories.find((category) => category === name)
}

/** Names with a comma stand in quotation marks. */
function namesIn(text: string): string[] {
  const found: string[] = []
  let name = ''
  let isQuoted = false
  for (const character of text.slice(0, 20_000)) {
    if (character === '"') isQuoted = !isQuoted
    else if (character === ',' && !isQuoted) {
      found.push(name)
      name = ''
    } else name += character
  }
  return [...found, name].map((each) => each.trim()).filter((each) => each !== '')
}
