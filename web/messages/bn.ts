import { account } from './bn/account.ts'
import { admin } from './bn/admin.ts'
import { entry } from './bn/entry.ts'
import { failures } from './bn/failures.ts'
import { frame } from './bn/frame.ts'
import { mailAdmin } from './bn/mail-admin.ts'
import { mailSettings } from './bn/mail-settings.ts'
import { mail } from './bn/mail.ts'
import { mailWriting } from './bn/mail-writing.ts'
import { operations } from './bn/operations.ts'
import type { Messages } from './messages.ts'

export const bn: Messages = {
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
}
