/** `npm run map`: writes docs/map.md and docs/openapi.json from the contracts; `--check` fails when they are stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { contracts } from '#contracts/all.ts'
import { describeServices } from '#platform/host/describe.ts'
import { readAllSettings } from '#platform/host/host.ts'
import type { Service } from '#platform/service.ts'
import { services } from '../services/all.ts'
import { openApiDocument } from '#services/gateway/reference/openapi.ts'

const generated: Record<string, string> = {
  'map.md': mapOf(services),
  'openapi.json': `${JSON.stringify(openApiDocument(contracts), undefined, 2)}\n`,
}

if (process.argv.includes('--check')) {
  const stale = Object.keys(generated).filter((name) => read(name) !== generated[name])
  for (const name of stale) console.error(`docs/${name} is stale: npm run map`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else for (const [name, content] of Object.entries(generated)) writeFileSync(pathOf(name), content)

function mapOf(all: readonly Service[]): string {
  const settings = readAllSettings(all, { environment: {}, vaultDirectory: '/nonexistent' })
  return [
    '# Map\n\nWritten by `npm run map` from the contracts. `node main.ts --list` prints the same services.\n',
    ...all.map(
      (service) => `## ${service.contract.name}\n\n\`\`\`\n${describeServices([service])}\n\`\`\`\n`,
    ),
    '## Settings\n',
    '| setting | default | meaning |\n|---|---|---|',
    ...settings.map(({ name, shown, description }) => `| \`${name}\` | ${shown} | ${description} |`),
    '',
  ].join('\n')
}

function read(name: string): string | undefined {
  try {
    return readFileSync(pathOf(name), 'utf8')
  } catch {
    return undefined
  }
}

function pathOf(name: string): URL {
  return new URL(`../docs/${name}`, import.meta.url)
}
