import { account } from './bn/account.ts'
import { admin } from './bn/admin.ts'
import { entry } from './bn/entry.ts'
import { failures } from './bn/failures.ts'
import { frame } from './bn/frame.ts'
import { operations } from './bn/operations.ts'
import type { Messages } from './messages.ts'

export const bn: Messages = { ...frame, ...failures, ...entry, ...account, ...admin, ...operations }
