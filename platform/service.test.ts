import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { command, contract } from '#contracts/contract.ts'
import { defineService } from './service.ts'

test('a command whose answers are stored can not open its transaction itself', () => {
  const shape = { access: 'public', input: z.object({}), output: z.null() } as const
  const opened = { opensTransaction: async () => null }
  const vault = contract('vault', { calls: { open: command({ ...shape, idempotency: 'none' }) } })
  assert.ok(defineService({ contract: vault, calls: { open: opened } }))
  const shelf = contract('shelf', { calls: { open: command(shape) } })
  assert.throws(() => defineService({ contract: shelf, calls: { open: opened } }), /shelf\.open .* none/)
})
