import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { choice, flag, integer, readSettings, text } from './config.ts'

const settings = {
  PORT: integer('The port.', { default: 3000, max: 65_535 }),
  COLOUR: choice(['red', 'green'], 'The colour.', { default: 'red' }),
  LOUD: flag('Whether it is loud.', { default: false }),
  PASSWORD: text('The password.', { secret: true }),
}

const directory = mkdtempSync(join(tmpdir(), 'dakghar-config-'))
after(() => rmSync(directory, { recursive: true }))

const read = (environment: Record<string, string>, vaultDirectory = '/nonexistent') =>
  readSettings(settings, { environment, vaultDirectory })

test('everything has a default', () => {
  assert.deepEqual(read({}).values, { PORT: 3000, COLOUR: 'red', LOUD: false, PASSWORD: undefined })
})

test('everything wrong is said at once', () => {
  assert.throws(
    () => read({ PORT: '70000', COLOUR: 'blue', LOUD: 'perhaps', PASSWORD_FILE: '/nonexistent' }),
    (error: Error) =>
      ['PORT', 'COLOUR', 'LOUD', 'PASSWORD_FILE'].every((name) => error.message.includes(`${name}: `)),
  )
})

test('the vault wins over a file, a file over the environment', () => {
  const file = join(directory, 'password.txt')
  writeFileSync(file, 'from file\n')
  const environment = { PASSWORD: 'from environment', PASSWORD_FILE: file }
  assert.equal(read({ PASSWORD: 'from environment' }).values.PASSWORD, 'from environment')
  assert.equal(read(environment).values.PASSWORD, 'from file')
  writeFileSync(join(directory, 'PASSWORD'), 'from vault\n')
  assert.equal(read(environment, directory).values.PASSWORD, 'from vault')
})

test('in production a secret in a plain variable is refused, other settings are not', () => {
  assert.throws(() => read({ NODE_ENV: 'production', PASSWORD: 'x' }), /PASSWORD: a secret/)
  assert.equal(read({ NODE_ENV: 'production', PORT: '80' }).values.PORT, 80)
})

test('a secret is never shown', () => {
  const { found } = read({ PASSWORD: 'hush' })
  assert.equal(JSON.stringify(found).includes('hush'), false)
  assert.equal(found.find(({ name }) => name === 'PASSWORD')?.source, 'environment')
})
