/**
 * Messages of our own writing, in `corpus/*.txt`. A template begins with `=== name`; then header lines, an empty line
 * and the text. `marks` names what a message of this kind carries beside (see `render.ts`).
 */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface Template {
  /** Name of the file: a category, or `spam-…`. */
  file: string
  name: string
  from: string
  subject: string
  marks: ReadonlySet<string>
  fields: Record<string, string>
  body: string
}

const folder = join(import.meta.dirname, 'corpus')

export function readTemplates(): Template[] {
  return globSync('*.txt', { cwd: folder })
    .toSorted()
    .flatMap((file) => parseTemplates(basename(file, '.txt'), readFileSync(join(folder, file), 'utf8')))
}

/** Throws where a template lacks a sender or a text. */
export function parseTemplates(file: string, text: string): Template[] {
  return text
    .split(/^=== /m)
    .slice(1)
    .map((block) => {
      const [name = '', ...lines] = block.split('\n')
      const empty = lines.indexOf('')
      const fields = Object.fromEntries(
        lines
          .slice(0, empty)
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
      )
      const body = lines
        .slice(empty + 1)
        .join('\n')
        .trim()
      const { from, subject = '', marks = '' } = fields
      if (from === undefined || (body === '' && !marks.includes('image')))
        throw new Error(`${file}: "${name}" has no sender or no text`)
      return { file, name: name.trim(), from, subject, marks: new Set(marks.split(/\s+/)), fields, body }
    })
}
