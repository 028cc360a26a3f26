import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Label } from '#services/mail/spam/learning.ts'
import { errorRates, missedArea } from '../../tools/spam/measure.ts'

const archive = join(import.meta.dirname, '../../../shared/data/spamassassin-corpus.tar.xz')

/** Gives the path of its index. */
export async function unpackCorpus(folder: string): Promise<string> {
  if (!existsSync(archive)) throw new Error(`The corpus is not there: ${archive}`)
  const { status, stderr } = spawnSync('tar', ['-xJf', archive, '-C', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return join(folder, 'spamassassin', 'ORDER.tsv')
}

export interface Line {
  label: Label
  file: string
}

export function readLines(index: string, limit?: number): Line[] {
  return readFileSync(index, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .slice(0, limit)
    .map((line) => ({
      label: line.split('\t')[0] as Label,
      file: join(dirname(index), line.split('\t')[1]!),
    }))
}

export interface PeerFigures {
  falsePositives: number
  falseNegatives: number
  missedArea: number
  messagesPerCpuSecond: number
}

export function figuresOf(
  lines: readonly Line[],
  answers: readonly { score: number; isSpam: boolean }[],
  cpuSeconds: number,
): PeerFigures {
  const labels = lines.map(({ label }) => label)
  const scores = answers.map(({ score }) => score)
  return {
    ...errorRates(
      answers.map(({ isSpam }) => isSpam),
      labels,
    ),
    missedArea: missedArea(scores, labels),
    messagesPerCpuSecond: lines.length / cpuSeconds,
  }
}

const ticksPerSecond = 100

/** CPU time of a process, or of our children that have ended. */
export function cpuSeconds(of: number | 'children'): number {
  const stat = readFileSync(`/proc/${of === 'children' ? 'self' : of}/stat`, 'utf8')
  // After the name in brackets: utime is field 14, cutime field 16 of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const from = of === 'children' ? 13 : 11
  return (Number(fields[from]) + Number(fields[from + 1])) / ticksPerSecond
}
