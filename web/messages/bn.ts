import { account } from './bn/account.ts'
import { entry } from './bn/entry.ts'
import { failures } from './bn/failures.ts'
import { frame } from './bn/frame.ts'
import type { Messages } from './messages.ts'

export const bn: Messages = { ...frame, ...failures, ...entry, ...account }
