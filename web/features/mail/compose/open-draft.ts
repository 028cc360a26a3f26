/** Opens compose windows. */
import type { QueryClient } from '@tanstack/react-query'
import { v7 } from 'uuid'
import { CallError } from '#contracts/errors.ts'
import { unreachable } from '#contracts/http-client.ts'
import { identity } from '#contracts/identity.ts'
import { mail } from '#contracts/mail.ts'
import type { Draft, DraftContent } from '#contracts/mail/writing.ts'
import { caller } from '#web/app/caller.ts'
import { perform, queryOf } from '#web/app/queries.ts'
import { DraftKeeper, type DraftDoor, type LocalCopy } from './draft-keeper.ts'
import { localCopiesOf } from './local-copies.ts'
import { trackUploads } from './uploads.ts'
import { addWindow, changeWindow, openWindows, type OpenWindow } from './windows.ts'

/** Who writes, and what the page knows of them. */
export interface Author {
  queries: QueryClient
  accountId: string
}

/** Shut while somebody else is signed in, or nobody: then what is written stays on the device. */
function doorOf({ queries, accountId }: Author): DraftDoor {
  const { queryKey } = queryOf(identity.calls.showMe, {})
  function check(): void {
    if (queries.getQueryData(queryKey)?.id !== accountId) throw new CallError(unreachable, 0)
  }
  return {
    async save(input) {
      check()
      return perform(mail.calls.saveDraft, input)
    },
    async show(draftId) {
      check()
      return caller.call(mail.calls.showDraft, { draftId })
    },
  }
}

export const emptyContent: DraftContent = {
  to: [],
  cc: [],
  bcc: [],
  subject: '',
  text: '',
  html: null,
  attachments: [],
  answers: null,
  forwards: null,
}

/** One that the server does not have yet. It is saved once something is changed. */
export function openNew(
  author: Author,
  content: DraftContent,
  focus: OpenWindow['focus'] = 'to',
): OpenWindow {
  return open(author, { id: v7(), version: 0, content }, { focus })
}

/** One that is there; in front, where it is open already. */
export function openSaved(author: Author, draft: Draft): OpenWindow {
  const opened = openWindows().find(({ keeper }) => keeper.view().id === draft.id)
  if (!opened) return open(author, draft, { focus: 'text' })
  changeWindow(opened.key, 'docked')
  return opened
}

/** One that only this device has. */
export function openRestored(author: Author, copy: LocalCopy): OpenWindow {
  return open(author, copy, { focus: 'text', isRestored: true, mode: 'minimised' })
}

type Given = Pick<Draft, 'id' | 'version' | 'content'> & { savedAt?: string }
interface OpenOptions {
  focus: OpenWindow['focus']
  isRestored?: boolean
  mode?: OpenWindow['mode']
}

function open(
  author: Author,
  draft: Given,
  { focus, isRestored = false, mode = 'docked' }: OpenOptions,
): OpenWindow {
  const { accountId } = author
  const copies = localCopiesOf(accountId)
  const keeper = new DraftKeeper({ draft, isUnsaved: isRestored, door: doorOf(author), copies, newId: v7 })
  const attached = () => keeper.view().content.attachments
  const uploads = trackUploads({
    attached,
    onDone: (attachment) => keeper.change({ attachments: [...attached(), attachment] }),
  })
  const opened = { key: v7(), accountId, mode, keeper, uploads, focus, isRestored }
  addWindow(opened)
  return opened
}
