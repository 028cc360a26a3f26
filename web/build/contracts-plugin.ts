/**
 * Gives the browser the contracts without their schemas: what a client has to know of a call is its address and how
 * it is repeated. A module of `contracts/` that makes schemas is run, and its plain facts become the module.
 */
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import type { ContractFacts } from './contract-facts.ts'

const contracts = join(import.meta.dirname, '../../contracts')

export function contractFacts(): Plugin {
  let facts: ContractFacts | undefined
  return {
    name: 'contract-facts',
    enforce: 'pre',
    buildStart() {
      facts = undefined
      for (const file of globSync('**/*.ts', { cwd: contracts })) this.addWatchFile(join(contracts, file))
    },
    load(id) {
      if (!id.startsWith(contracts) || !importsSchemas(id)) return null
      facts ??= readFacts()
      const exported = Object.entries(facts[id] ?? {})
      const code = exported.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)}`)
      return { code: code.join('\n'), map: null, moduleSideEffects: false }
    },
  }
}

function importsSchemas(file: string): boolean {
  return /^import (?!type).*('zod'|'\.\/(contract|blobs)\.ts'|'\.\.\/)/m.test(readFileSync(file, 'utf8'))
}

/** In a process of its own: this one would remember yesterday's modules. */
function readFacts(): ContractFacts {
  const program = join(import.meta.dirname, 'contract-facts.ts')
  const json = execFileSync(process.execPath, [program], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(json) as ContractFacts
}
