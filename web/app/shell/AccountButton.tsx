/** The picture of who is signed in; its menu is loaded when somebody is about to open it. */
import { UnstyledButton, VisuallyHidden } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import type { Account } from '#contracts/identity/account.ts'
import { useWords } from '#web/app/language.tsx'
import { Picture } from '#web/ui/Picture.tsx'

const load = () => import('./AccountMenu.tsx')
const AccountMenu = lazy(() => load().then(({ AccountMenu }) => ({ default: AccountMenu })))

export interface AccountButtonProps {
  account: Account
  onShowShortcuts: () => void
}

export function AccountButton({ account, onShowShortcuts }: AccountButtonProps) {
  const { t } = useWords()
  const [isWanted, setWanted] = useState(false)
  const label = <VisuallyHidden>{t('shell.accountMenu', { name: account.name })}</VisuallyHidden>
  const button = (
    <UnstyledButton
      aria-haspopup="menu"
      style={{ borderRadius: '50%' }}
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClick={() => setWanted(true)}
    >
      <Picture account={account} size={34} />
      {label}
    </UnstyledButton>
  )
  if (!isWanted) return button
  return (
    <Suspense fallback={button}>
      <AccountMenu account={account} label={label} onShowShortcuts={onShowShortcuts} />
    </Suspense>
  )
}
