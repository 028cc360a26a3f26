/** Enron-Spam 1–3 (Metsis, Androutsopoulos, Paliouras 2006): subject and text only, already cut into words. */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseMessage } from '#services/mail/mime/parse.ts'
import { extractTextFeatures } from '#services/mail/spam/judge.ts'
import type { Example } from './examples.ts'

/** Unpacks into the folder where that hasn't been done; gives the examples in the order of their names. */
export function readEnron(archive: string, folder: string): Example[] {
  if (globSync('enron/*/spam/*.txt', { cwd: folder }).length === 0) {
    const { status, stderr } = spawnSync('tar', ['-xJf', archive, '-C', folder], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`can't unpack ${archive}: ${stderr}`)
  }
  return globSync('enron/enron*/{ham,spam}/*.txt', { cwd: folder })
    .toSorted()
    .map((path) => ({
      label: path.includes('/spam/') ? 'spam' : 'ham',
      source: path.split('/')[1]!,
      features: extractTextFeatures(parseMessage(asMessage(readFileSync(join(folder, path))))),
    }))
}

/** Its words stand apart from their marks; here they come together again, in UTF-8. */
function asMessage(bytes: Buffer): Buffer {
  const text = bytes
    .toString('latin1')
    .replaceAll(/ ([.,;:!?)\]%'])/g, '$1')
    .replaceAll(/([([$']) /g, '$1')
  const end = text.indexOf('\n')
  const subject = text.slice('Subject:'.length, end).trim()
  return Buffer.from(
    `Subject: ${subject.slice(0, 900)}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text.slice(end + 1)}`,
  )
}
