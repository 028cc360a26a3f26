import { Anchor, Box } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import type { Account } from '#contracts/identity/account.ts'
import { useWords } from '#web/app/language.tsx'
import { isVerified } from '#web/app/session.ts'
import { Note } from '#web/ui/Note.tsx'

export function VerifyBanner({ account }: { account: Account }) {
  const { t } = useWords()
  if (isVerified(account) || (account.phone === null && account.email === null)) return null
  return (
    <Box mb="lg">
      <Note tone="warn" icon={MailCheck}>
        {t('verify.banner')}{' '}
        <Anchor component={Link} to="/verify" inherit fw={600} td="underline">
          {t('verify.bannerLink')}
        </Anchor>
      </Note>
    </Box>
  )
}
