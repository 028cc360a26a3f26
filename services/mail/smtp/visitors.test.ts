import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Visitors } from './visitors.ts'

test('an IPv6 /64 counts as one address, however it is written', () => {
  const visitors = new Visitors({ connections: 100, connectionsPerAddress: 2 })
  assert.equal(visitors.admit('2001:db8:0:1::1'), undefined)
  assert.equal(visitors.admit('2001:db8::1:0:0:0:2'), undefined)
  assert.match(visitors.admit('2001:db8:0:1:ffff::3') ?? '', /^421 4\.7\.0 .*\r\n$/)
  assert.equal(visitors.admit('2001:db8:0:2::1'), undefined)
  visitors.leave('2001:db8:0:1::1')
  assert.equal(visitors.admit('2001:db8:0:1:2:3:4:5'), undefined)
  assert.equal(visitors.admit('::1'), undefined)
})

test('IPv4 addresses count apart, and all together', () => {
  const visitors = new Visitors({ connections: 3, connectionsPerAddress: 2 })
  for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2'])
    assert.equal(visitors.admit(address), undefined)
  assert.match(visitors.admit('192.0.2.3') ?? '', /^421 4\.3\.2 /)
  visitors.leave('192.0.2.2')
  assert.match(visitors.admit('192.0.2.1') ?? '', /^421 4\.7\.0 /)
  assert.equal(visitors.admit('192.0.2.3'), undefined)
})
