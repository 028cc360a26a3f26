import assert from 'node:assert/strict'
import { test } from 'node:test'
import depotService from '#platform/testing/depot/service.ts'
import { roleNames, selectRoles } from './roles.ts'

const names = (words: string[]) => selectRoles([depotService], words).flatMap(roleNames)

test('no word is everything, a service all its roles, a role itself', () => {
  assert.deepEqual(names([]), ['depot'])
  assert.deepEqual(names(['depot']), ['depot'])
  assert.deepEqual(names(['depot/sorter']), ['depot/sorter'])
  assert.deepEqual(names(['depot/sorter', 'depot/api']), ['depot'])
})

test('unknown words are named together with the known ones', () => {
  assert.throws(() => names(['depot', 'shed', 'depot/cellar']), {
    message: 'unknown: shed, depot/cellar. Known are: depot, depot/api, depot/sorter',
  })
})
