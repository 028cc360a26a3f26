/**
 * The arrows between the rooms of the house:
 * `web → contracts ← platform ← services ← main.ts`, and services never import each other.
 * What oxlint can say by itself (cycles, barrels, clients of servers, the environment) is in `.oxlintrc.json`.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Rooms that a room may import from, beside itself. Rooms not named here are for developers and may import all. */
const arrows: Record<string, readonly string[]> = {
  contracts: [],
  platform: ['contracts'],
  'services/*': ['contracts', 'platform'],
  services: ['contracts', 'platform', 'services/*'],
  'main.ts': ['contracts', 'platform', 'services'],
  web: ['contracts'],
}

/** Packages that `contracts` stands on: the browser has them too. */
const contractPackages = ['zod']

/** One line for each forbidden import below `root`: `file:line: why`. */
export function findBreaches(root: string): string[] {
  return globSync('**/*.{ts,tsx,mts,mjs,js}', { cwd: root, exclude: isForeign })
    .toSorted()
    .flatMap((file) =>
      importsOf(readFileSync(join(root, file), 'utf8')).flatMap(({ specifier, line }) => {
        const breach = breachOf(file, specifier)
        return breach === undefined ? [] : [`${file}:${line}: ${breach}`]
      }),
    )
}

function isForeign(path: string): boolean {
  return path.includes('node_modules') || path.startsWith('.') || path.startsWith('data/')
}

/** Static and dynamic imports and re-exports with a literal specifier. */
function importsOf(source: string): { specifier: string; line: number }[] {
  const pattern = /(?<!['"])\b(?:from|import)\s*\(?\s*(['"])(?<specifier>[^'"\n]+)\1/g
  return [...source.matchAll(pattern)].map((match) => ({
    specifier: match.groups!.specifier!,
    line: source.slice(0, match.index).split('\n').length,
  }))
}

function breachOf(file: string, specifier: string): string | undefined {
  const from = roomOf(file)
  const arrow = arrows[from.startsWith('services/') ? 'services/*' : from]
  if (arrow === undefined) return undefined
  const isRelative = specifier.startsWith('.')
  if (!isRelative && !specifier.startsWith('#'))
    return from === 'contracts' && !contractPackages.includes(specifier)
      ? `contracts import no package but ${contractPackages.join(', ')}: ${specifier}`
      : undefined

  const target = isRelative ? normalize(join(dirname(file), specifier)) : specifier.slice(1)
  const to = roomOf(target)
  if (isForTests(target) && !isForTests(file)) return `only tests import ${target}`
  if (to === from) return undefined
  if (isRelative && specifier.startsWith('../'))
    return `${specifier} leaves ${from}; a border is crossed by #…`
  const kind = to.startsWith('services/') ? 'services/*' : to
  if (!arrow.includes(kind)) return `${from} may not import ${target}`
  if (kind === 'services/*' && !target.endsWith('/service.ts')) return `${target} is its service's own`
  return undefined
}

/** `contracts`, `platform`, `services/logs`, `services` for the list of them, `main.ts`, … */
function roomOf(path: string): string {
  const [top = '', name = '', ...rest] = path.split('/')
  return top === 'services' && rest.length > 0 ? `services/${name}` : top
}

function isForTests(path: string): boolean {
  return path.startsWith('platform/testing/') || /(\.test|\.checks|\.types|(^|\/)testing)\.ts$/.test(path)
}
