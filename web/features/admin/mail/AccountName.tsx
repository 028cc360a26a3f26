/** Who an account is, by its id. */
import { useQuery } from '@tanstack/react-query'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'

export function AccountName({ accountId }: { accountId: string }) {
  const { t } = useWords()
  const { data, error } = useQuery({
    ...queryOf(identity.calls.showAccount, { accountId }),
    staleTime: 300_000,
    retry: false,
  })
  if (error) return t('mailAdmin.unknownAccount')
  if (!data) return '…'
  return (
    <LinkAnchor to="/admin/accounts/$accountId" params={{ accountId }} inherit c="inherit">
      {data.account.name}
    </LinkAnchor>
  )
}
