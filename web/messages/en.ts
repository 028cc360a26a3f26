import { account } from './en/account.ts'
import { admin } from './en/admin.ts'
import { entry } from './en/entry.ts'
import { failures } from './en/failures.ts'
import { frame } from './en/frame.ts'
import { operations } from './en/operations.ts'

export const en = { ...frame, ...failures, ...entry, ...account, ...admin, ...operations } as const
