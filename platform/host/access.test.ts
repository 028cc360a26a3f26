import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Access } from '#contracts/contract.ts'
import { anonymous, type Identity, type Role } from '#platform/identity.ts'
import { authorize } from './access.ts'

const callers: Record<string, Identity> = {
  anonymous,
  customer: account('customer'),
  staff: account('staff'),
  admin: account('admin'),
  owner: account('owner'),
  service: { kind: 'service', name: 'shop' },
}

function account(role: Role, scopes?: string[]): Identity {
  return { kind: 'account', accountId: 'a', sessionId: 's', roles: [role], scopes }
}

function may(
  identity: Identity,
  access: Access,
  kind: 'query' | 'command' | 'stream' = 'query',
  service = 'mail',
) {
  try {
    authorize({ access, kind, service }, identity)
    return true
  } catch {
    return false
  }
}

test('a role may do what is its own and what lower ones may', () => {
  const letIn = (access: Access) => Object.keys(callers).filter((name) => may(callers[name]!, access))
  assert.deepEqual(letIn('public'), ['anonymous', 'customer', 'staff', 'admin', 'owner', 'service'])
  assert.deepEqual(letIn('account'), ['customer', 'staff', 'admin', 'owner', 'service'])
  assert.deepEqual(letIn('staff'), ['staff', 'admin', 'owner', 'service'])
  assert.deepEqual(letIn('admin'), ['admin', 'owner', 'service'])
  assert.deepEqual(letIn('service'), ['service'])
})

test('a key may do what its scopes name and its roles allow', () => {
  const reader = account('customer', ['mail:read'])
  assert.ok(may(reader, 'account', 'query'))
  assert.ok(may(reader, 'account', 'stream'))
  assert.ok(!may(reader, 'account', 'command'))
  assert.ok(!may(reader, 'account', 'query', 'shop'))
  assert.ok(!may(reader, 'admin', 'query'))
  assert.ok(may(account('customer', ['mail:write']), 'account', 'query'))
  assert.ok(may(account('customer', ['mail:write']), 'account', 'command'))
  assert.ok(may(account('customer', ['*:write']), 'account', 'command', 'shop'))
  assert.ok(!may(account('customer', ['*:read']), 'account', 'command', 'shop'))
  assert.ok(!may(account('owner', []), 'account'))
})

test('public calls: what anyone may read needs no scope, what changes something does', () => {
  const key = account('customer', ['mail:read'])
  assert.ok(may(key, 'public', 'query', 'shop'))
  assert.ok(!may(key, 'public', 'command', 'shop'))
})

test('a service key too is held to its scopes', () => {
  const key: Identity = { kind: 'service', name: 'till', scopes: ['shop:read'] }
  assert.ok(may(key, 'service', 'query', 'shop'))
  assert.ok(!may(key, 'service', 'query', 'identity'))
  assert.ok(!may(key, 'account', 'command', 'shop'))
})
