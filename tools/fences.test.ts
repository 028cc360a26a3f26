import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findBreaches } from './fences.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
const folder = mkdtempSync(join(tmpdir(), 'fences-'))
after(() => rmSync(folder, { recursive: true }))

/** A tree of these files under our lint configuration. */
function plant(files: Record<string, string>): string {
  const tree = mkdtempSync(join(folder, 'tree-'))
  for (const name of ['.oxlintrc.json', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(tree, name))
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    writeFileSync(join(tree, path), source)
  }
  return tree
}

/** What the lint says, `rule file` for each complaint. */
function lint(tree: string): string[] {
  const { stdout } = spawnSync(process.execPath, [oxlint, '--format=json'], { cwd: tree, encoding: 'utf8' })
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] }
  return diagnostics.map(({ code, filename }) => `${code} ${filename}`)
}

const forbidden: [file: string, source: string, why: RegExp][] = [
  ['contracts/a.ts', `import { log } from '#platform/log.ts'`, /contracts may not import platform/],
  ['contracts/a.ts', `import { log } from '../platform/log.ts'`, /leaves contracts/],
  ['contracts/a.ts', `import { z } from 'hono'`, /no package but zod/],
  ['platform/a.ts', `import logs from '../services/logs/service.ts'`, /leaves platform/],
  ['platform/a/b.ts', `export { logs } from '../../contracts/logs.ts'`, /leaves platform/],
  ['platform/a.ts', `import '#services/logs/service.ts'`, /platform may not import services/],
  ['platform/a.ts', `import { startRedis } from '#platform/testing/redis.ts'`, /only tests import/],
  ['platform/a.ts', `import { testDatabase } from './database/testing.ts'`, /only tests import/],
  ['services/mail/a.ts', `import { x } from '../logs/lines.ts'`, /leaves services\/mail/],
  ['services/mail/a.ts', `const x = await import('../logs/service.ts')`, /leaves services\/mail/],
  ['services/mail/a.ts', `import type { X } from '#services/logs/lines.ts'`, /may not import services\/logs/],
  [
    'services/mail/a.ts',
    `import {\n  x,\n} from '../../platform/log.ts'`,
    /a\.ts:3: .*leaves services\/mail/,
  ],
  ['services/mail/a.ts', `import '../../main.ts'`, /leaves services\/mail/],
  ['services/all.ts', `import { x } from './logs/lines.ts'`, /its service's own/],
  ['main.ts', `import { x } from './tools/run.mjs'`, /main\.ts may not import tools/],
  ['web/app/a.tsx', `import { x } from '#platform/log.ts'`, /web may not import platform/],
  ['web/app/a.tsx', `import { x } from '../../services/logs/lines.ts'`, /leaves web/],
]

for (const [file, source, why] of forbidden)
  test(`${file} may not say ${source.replaceAll('\n', ' ')}`, () => {
    const breaches = findBreaches(plant({ [file]: source }))
    assert.equal(breaches.length, 1)
    assert.match(breaches[0]!, why)
  })

const allowed: [file: string, source: string][] = [
  ['contracts/a.ts', `import { z } from 'zod'\nimport { b } from './b.ts'`],
  ['platform/a/b.ts', `import { c } from './c.ts'\nimport { d } from '#platform/d.ts'\nimport pg from 'pg'`],
  ['platform/a/b.test.ts', `import { startRedis } from '#platform/testing/redis.ts'`],
  ['services/mail/store/a.ts', `import { b } from '../b.ts'\nimport { c } from '#contracts/c.ts'`],
  ['services/all.ts', `import mail from './mail/service.ts'`],
  ['main.ts', `import { services } from './services/all.ts'\nimport { d } from '#platform/d.ts'`],
  ['web/app/a.tsx', `import { b } from '../ui/b.tsx'\nimport { c } from '#contracts/c.ts'`],
  ['tests/a.test.ts', `import { services } from '../services/all.ts'`],
  ['bench/a.ts', `import { lines } from '../services/logs/store/lines.ts'`],
]

for (const [file, source] of allowed)
  test(`${file} may say ${source.replaceAll('\n', ' ')}`, () => {
    assert.deepEqual(findBreaches(plant({ [file]: source })), [])
  })

const clients = ['pg', 'amqplib', 'amqplib/callback_api.js', 'redis', '@aws-sdk/client-s3']

test('lint keeps the clients of servers, the environment and Node itself in their rooms', () => {
  const importing = (name: string) => `import * as it from '${name}'\nexport const one = it\n`
  const tree = plant({
    ...Object.fromEntries(clients.map((name, i) => [`services/mail/client${i}.ts`, importing(name)])),
    'platform/client.ts': importing('pg'),
    'services/mail/environment.ts': 'export const home = process.env.HOME\n',
    'services/mail/imported.ts': `import { env } from 'node:process'\nexport const home = env.HOME\n`,
    'platform/environment.ts': 'export const home = process.env.HOME\n',
    'platform/config.ts': 'export const home = process.env.HOME\n',
    'platform/config.test.ts': 'export const home = process.env.HOME\n',
    'contracts/node.ts': importing('node:fs'),
  })
  assert.deepEqual(
    lint(tree).toSorted(),
    [
      ...clients.map((_, i) => `eslint(no-restricted-imports) services/mail/client${i}.ts`),
      'eslint(no-restricted-imports) services/mail/imported.ts',
      'import(no-nodejs-modules) contracts/node.ts',
      'node(no-process-env) platform/environment.ts',
      'node(no-process-env) services/mail/environment.ts',
    ].toSorted(),
  )
})

test('lint forbids cycles and barrels', () => {
  const tree = plant({
    'platform/hen.ts': `import { egg } from '#platform/egg.ts'\nexport const hen = () => egg\n`,
    'platform/egg.ts': `import { hen } from './hen.ts'\nexport const egg = () => hen\n`,
    'platform/index.ts': `export * from './egg.ts'\n`,
  })
  assert.deepEqual(lint(tree).toSorted(), [
    'import(no-cycle) platform/egg.ts',
    'import(no-cycle) platform/hen.ts',
    'oxc(no-barrel-file) platform/index.ts',
  ])
})

test('the tree as it is has no breach', () => {
  assert.deepEqual(findBreaches(root), [])
})
