/** Everything that can be gone to or done, by typing a part of its name. */
import '@mantine/spotlight/styles.css'
import { useMantineColorScheme } from '@mantine/core'
import { Spotlight, spotlight, type SpotlightActionData } from '@mantine/spotlight'
import { useNavigate } from '@tanstack/react-router'
import { Keyboard, Languages, LogOut, Moon, Search, Sun, SunMoon } from 'lucide-react'
import { useEffect } from 'react'
import type { Account } from '#contracts/identity/account.ts'
import { useWords } from '#web/app/language.tsx'
import { parts } from '#web/features/parts.ts'
import { useLanguageChange } from './language-change.ts'
import { useSignOut } from './sign-out.ts'

export interface PaletteProps {
  account: Account
  /** Opens again when it grows. */
  openings: number
  onShowShortcuts: () => void
}

export function Palette({ account, openings, onShowShortcuts }: PaletteProps) {
  const { t } = useWords()
  useEffect(spotlight.open, [openings])
  return (
    <Spotlight
      actions={[...usePlaces(account), ...useDeeds(onShowShortcuts)]}
      shortcut={null}
      nothingFound={t('palette.nothing')}
      // To blur what is behind takes a slow phone longer than to search.
      overlayProps={{ blur: 0 }}
      transitionProps={{ duration: 0 }}
      scrollable
      maxHeight={420}
      attributes={{ content: { 'aria-label': t('palette.open') } }}
      searchProps={{
        leftSection: <Search size={18} />,
        placeholder: t('palette.placeholder'),
        'aria-label': t('palette.placeholder'),
      }}
    />
  )
}

function usePlaces(account: Account): SpotlightActionData[] {
  const { t } = useWords()
  const navigate = useNavigate()
  return parts
    .filter((part) => part.mayUse(account))
    .flatMap(({ id, label, sections }) =>
      sections.map(({ to, label: section, icon: Icon }) => ({
        id: `${id} ${section}`,
        label: t(section),
        description: t(label),
        leftSection: <Icon size={18} />,
        onClick: () => void navigate({ to }),
      })),
    )
}

function useDeeds(onShowShortcuts: () => void): SpotlightActionData[] {
  const { t, language } = useWords()
  const { setColorScheme } = useMantineColorScheme()
  const changeLanguage = useLanguageChange()
  const signOut = useSignOut()
  const other = language === 'en' ? 'bn' : 'en'
  return [
    {
      id: 'language',
      label: t(`language.${other}`),
      description: t('language.label'),
      leftSection: <Languages size={18} />,
      onClick: () => changeLanguage(other),
    },
    {
      id: 'light',
      label: t('scheme.light'),
      leftSection: <Sun size={18} />,
      onClick: () => setColorScheme('light'),
    },
    {
      id: 'dark',
      label: t('scheme.dark'),
      leftSection: <Moon size={18} />,
      onClick: () => setColorScheme('dark'),
    },
    {
      id: 'auto',
      label: t('scheme.auto'),
      leftSection: <SunMoon size={18} />,
      onClick: () => setColorScheme('auto'),
    },
    {
      id: 'shortcuts',
      label: t('shortcuts.title'),
      leftSection: <Keyboard size={18} />,
      onClick: onShowShortcuts,
    },
    { id: 'sign-out', label: t('signOut'), leftSection: <LogOut size={18} />, onClick: signOut },
  ]
}
