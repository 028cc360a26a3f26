import { account } from './en/account.ts'
import { admin } from './en/admin.ts'
import { entry } from './en/entry.ts'
import { failures } from './en/failures.ts'
import { frame } from './en/frame.ts'
import { mailAdmin } from './en/mail-admin.ts'
import { mailSettings } from './en/mail-settings.ts'
import { mail } from './en/mail.ts'
import { mailWriting } from './en/mail-writing.ts'
import { operations } from './en/operations.ts'

export const en = {
  ...frame,
  ...failures,
  ...entry,
  ...account,
  ...admin,
  ...operations,
  ...mail,
  ...mailWriting,
  ...mailSettings,
  ...mailAdmin,
} as const
