import type { Part } from '#web/app/parts.ts'
import { accountPart } from './account/part.ts'
import { adminPart } from './admin/part.ts'
import { mailPart } from './mail/part.ts'

/** In the order of the navigation. */
export const parts: readonly Part[] = [mailPart, accountPart, adminPart]
