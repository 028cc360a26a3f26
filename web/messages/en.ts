import { account } from './en/account.ts'
import { entry } from './en/entry.ts'
import { failures } from './en/failures.ts'
import { frame } from './en/frame.ts'

export const en = { ...frame, ...failures, ...entry, ...account } as const
