/** The frame around every page of who is signed in. */
import { AppShell, Burger, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { useWords } from '#web/app/language.tsx'
import { useAccount } from '#web/app/session.ts'
import { parts } from '#web/features/parts.ts'
import { Mark } from '#web/ui/Mark.tsx'
import { AccountButton } from './AccountButton.tsx'
import { ConfirmationHost } from './ConfirmationHost.tsx'
import { ConnectionState } from './ConnectionState.tsx'
import { Navigation } from './Navigation.tsx'
import { PaletteButton } from './PaletteButton.tsx'
import classes from './shell.module.css'
import { useLiveSession } from './live-session.ts'
import { useShortcuts } from './shortcuts.ts'
import { VerifyBanner } from './VerifyBanner.tsx'

const ShortcutList = lazy(() =>
  import('./ShortcutList.tsx').then(({ ShortcutList }) => ({ default: ShortcutList })),
)

export function Shell() {
  const { t, language, setLanguage } = useWords()
  const account = useAccount()
  const [isMenuOpen, menu] = useDisclosure()
  const { isListOpen, closeList, palette } = useShortcuts(account)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const fillsPage = parts.some((part) => part.fillsPage && path.split('/')[1] === part.id)
  useLiveSession()
  useEffect(menu.close, [path])
  useEffect(() => {
    if (account.language !== language) void setLanguage(account.language)
  }, [account.language])

  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !isMenuOpen } }}
      padding={fillsPage ? 0 : { base: 'md', sm: 'xl' }}
    >
      <a className="skip-link" href="#content">
        {t('shell.skip')}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" gap="sm" wrap="nowrap">
          <Burger
            opened={isMenuOpen}
            onClick={menu.toggle}
            hiddenFrom="sm"
            size="sm"
            aria-label={t('shell.menu')}
            aria-expanded={isMenuOpen}
          />
          <Group
            component={Link}
            {...{ to: '/' }}
            aria-label={t('app.name')}
            gap="xs"
            wrap="nowrap"
            c="inherit"
            td="none"
          >
            <Mark />
            <Text fw={700} fz="lg" visibleFrom="xs">
              {t('app.name')}
            </Text>
          </Group>
          <Group ml="auto" gap="xs" wrap="nowrap">
            <ConnectionState />
            <PaletteButton onOpen={palette.open} />
            <AccountButton account={account} onShowShortcuts={palette.showShortcuts} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label={t('shell.navigation')}>
        <Navigation account={account} />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={fillsPage ? classes.full : undefined}>
        <VerifyBanner account={account} isFlush={fillsPage} />
        <Outlet />
      </AppShell.Main>
      <ConfirmationHost />
      {isListOpen && (
        <Suspense>
          <ShortcutList account={account} onClose={closeList} />
        </Suspense>
      )}
      {palette.element}
    </AppShell>
  )
}
