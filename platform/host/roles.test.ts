import assert from 'node:assert/strict'
import { test } from 'node:test'
import depotService from '#platform/testing/depot/service.ts'
import { staticDirectory } from './directory.ts'
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

test('the directory reads instances of several services and names what it can not read', () => {
  const directory = staticDirectory('logs=tcp://10.0.0.1:5001, logs=unix:/run/l.sock,shop=tcp://[::1]:1')
  assert.deepEqual(
    directory.endpoints('logs').map((endpoint) => endpoint.address),
    ['tcp://10.0.0.1:5001', 'unix:/run/l.sock'],
  )
  assert.deepEqual(
    directory.endpoints('shop').map((endpoint) => endpoint.address),
    ['tcp://[::1]:1'],
  )
  assert.deepEqual(
    directory.endpoints('mail').map((endpoint) => endpoint.address),
    [],
  )
  assert.throws(() => staticDirectory('logs=http://10.0.0.1'), /INSTANCES: "logs=http:\/\/10\.0\.0\.1"/)
})
