import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { installDebianPackages } from '../../tools/debian.ts'
import { cpuSeconds, figuresOf, readLines, type PeerFigures } from './corpus.ts'

/** Its own defaults; a word list in a folder of its own. */
export async function runBogofilter(index: string, folder: string): Promise<PeerFigures> {
  installDebianPackages(['bogofilter'])
  const home = join(folder, 'bogofilter')
  mkdirSync(home)
  const lines = readLines(index)
  const before = cpuSeconds('children')
  const answers = lines.map(({ label, file }) => {
    const input = readFileSync(file)
    const judged = spawnSync('bogofilter', ['-C', '-T', '-T', '-d', home], { input, encoding: 'utf8' })
    spawnSync('bogofilter', ['-C', '-d', home, label === 'spam' ? '-s' : '-n'], { input })
    const score = Number.parseFloat(/[\d.e+-]+/.exec(judged.stdout ?? '')?.[0] ?? '0.5')
    return { score, isSpam: judged.status === 0 }
  })
  return figuresOf(lines, answers, cpuSeconds('children') - before)
}
