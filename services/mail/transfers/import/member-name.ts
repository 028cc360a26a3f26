/** What a file in an archive is, by its name; the name is believed in nothing else. */
import type { Note } from './note.ts'

export type Marks = Partial<Pick<Note, 'isSeen' | 'isAnswered' | 'isFlagged' | 'isForwarded' | 'isDraft'>>

export type Meaning =
  | { kind: 'index' }
  | { kind: 'message'; mailbox: string[]; marks: Marks }
  /** An mbox, a message or neither: what stands in it tells. */
  | { kind: 'unknown'; mailbox: string[] }

const longestName = 2_000

/** Undefined: nothing of it is mail. */
export function meaningOf(name: string): Meaning | undefined {
  const segments = name
    .slice(0, longestName)
    .split(/[/\\]/)
    .filter((segment) => segment !== '' && segment !== '.' && segment !== '..')
  const file = segments.pop()
  if (file === undefined || segments.includes('__MACOSX')) return undefined
  const folder = segments.at(-1)
  if (folder === 'cur' || folder === 'new') {
    const marks = { ...maildirMarks(file), ...(folder === 'new' && { isSeen: false }) }
    return { kind: 'message', mailbox: maildirPath(segments.slice(0, -1)), marks }
  }
  if (folder === 'tmp' || /^(?:\.|dovecot|maildirfolder|subscriptions)|\.(?:msf|html?|json|pdf)$/i.test(file))
    return undefined
  if (file === 'index.jsonl') return { kind: 'index' }
  const above = segments.map((segment) => segment.replace(/\.(?:sbd|mbox)$/i, ''))
  // Apple Mail: `Work.mbox/mbox`.
  if (/^(?:mbox|table_of_contents)$/i.test(file) && above.length > 0)
    return file.toLowerCase() === 'mbox' ? { kind: 'unknown', mailbox: above } : undefined
  if (/\.(?:eml|emlx?|mht)$/i.test(file)) return { kind: 'unknown', mailbox: above }
  return { kind: 'unknown', mailbox: [...above, file.replace(/\.(?:mbox|mbx|mbs)$/i, '')] }
}

/** Maildir++ has one folder for each mailbox, `.Work.Clients`; others have folders in folders. */
function maildirPath(folders: readonly string[]): string[] {
  const last = folders.at(-1)
  if (last === undefined || /^\.?maildir$/i.test(last)) return []
  if (last.startsWith('.')) return last.slice(1).split('.').map(decodeUtf7)
  return folders.map(decodeUtf7)
}

/** https://cr.yp.to/proto/maildir.html: letters behind `:2,`, which zip programs write as `;2,` or `_2,`. */
function maildirMarks(file: string): Marks {
  const letters = /[:;_!-]2,([A-Za-z]{0,60})$/.exec(file)?.[1] ?? ''
  return {
    isSeen: letters.includes('S'),
    isAnswered: letters.includes('R'),
    isFlagged: letters.includes('F'),
    isForwarded: letters.includes('P'),
    isDraft: letters.includes('D'),
  }
}

/** RFC 3501 §5.1.3; what is none stands as it is. */
function decodeUtf7(name: string): string {
  return name.replaceAll(/&([A-Za-z0-9+,]{0,300})-/g, (whole, text: string) => {
    if (text === '') return '&'
    const bytes = Buffer.from(text.replaceAll(',', '/'), 'base64')
    if (bytes.length < 2) return whole
    return bytes
      .subarray(0, bytes.length & ~1)
      .swap16()
      .toString('utf16le')
      .toWellFormed()
  })
}
