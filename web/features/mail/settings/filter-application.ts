import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { useCommand } from '#web/app/queries.ts'
import { offerAction, showNotice, useFailureNotice } from '#web/ui/notices.ts'

const refreshes = [mail.calls.listThreads, mail.calls.searchMail, mail.calls.listMailboxes]

/** Has a filter act on the mail that is there, and offers to take that back. */
export function useApplication() {
  const { t, counted } = useWords()
  const notifyFailure = useFailureNotice()
  const undo = useCommand(mail.calls.undoChange, {
    refreshes,
    onDone: ({ messages }) => showNotice(counted('filters.undone', messages)),
  })
  const application = useCommand(mail.calls.applyFilter, {
    refreshes,
    onDone({ messages, undoId }) {
      const text = counted('filters.applied', messages)
      if (undoId === null) return showNotice(text)
      offerAction(text, {
        label: t('compose.undo'),
        act: () => undo.mutate({ undoId }, { onError: notifyFailure }),
        seconds: 20,
      })
    },
  })
  return {
    isPending: application.isPending,
    apply: (filterId: string) => application.mutate({ filterId }, { onError: notifyFailure }),
  }
}
