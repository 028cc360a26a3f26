import { Anchor, Box } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import type { Account } from '#contracts/identity/account.ts'
import { useWords } from '#web/app/language.tsx'
import { isVerified } from '#web/app/session.ts'
import { Note } from '#web/ui/Note.tsx'

export interface VerifyBannerProps {
  account: Account
  /** The page below it reaches to the edges. */
  isFlush?: boolean
}

export function VerifyBanner({ account, isFlush = false }: VerifyBannerProps) {
  const { t } = useWords()
  if (isVerified(account) || (account.phone === null && account.email === null)) return null
  return (
    <Box mb={isFlush ? 0 : 'lg'}>
      <Note tone="warn" icon={MailCheck}>
        {t('verify.banner')}{' '}
        <Anchor component={Link} to="/verify" inherit fw={600} td="underline">
          {t('verify.bannerLink')}
        </Anchor>
      </Note>
    </Box>
  )
}
