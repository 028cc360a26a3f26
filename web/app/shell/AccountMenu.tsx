/** What concerns who is signed in, and the whole app. It opens as it appears. */
import { Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Check, Keyboard, Languages, LogOut, Moon, ShieldCheck, Sun, SunMoon, UserRound } from 'lucide-react'
import type { ReactNode } from 'react'
import { Language } from '#contracts/identity/account.ts'
import { useWords } from '#web/app/language.tsx'
import { Picture } from '#web/ui/Picture.tsx'
import type { AccountButtonProps } from './AccountButton.tsx'
import { useLanguageChange } from './language-change.ts'
import { useSignOut } from './sign-out.ts'

const schemes = [
  ['auto', SunMoon],
  ['light', Sun],
  ['dark', Moon],
] as const

export interface AccountMenuProps extends AccountButtonProps {
  /** What the button says to those who don't see it. */
  label: ReactNode
}

export function AccountMenu({ account, label, onShowShortcuts }: AccountMenuProps) {
  const { t, language } = useWords()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const changeLanguage = useLanguageChange()
  const signOut = useSignOut()
  return (
    <Menu defaultOpened withInitialFocusPlaceholder={false} position="bottom-end" width={264} shadow="md">
      <Menu.Target>
        <UnstyledButton style={{ borderRadius: '50%' }}>
          <Picture account={account} size={34} />
          {label}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Text px="sm" pt={6} fw={600} truncate>
          {account.name}
        </Text>
        <Text px="sm" pb={6} size="xs" c="dimmed" truncate>
          {account.userid ?? account.email}
        </Text>
        <Menu.Divider />
        <Menu.Item component={Link} to="/account/profile" leftSection={<UserRound size={16} />}>
          {t('account.profile')}
        </Menu.Item>
        <Menu.Item component={Link} to="/account/security" leftSection={<ShieldCheck size={16} />}>
          {t('account.security')}
        </Menu.Item>
        <Menu.Item leftSection={<Keyboard size={16} />} onClick={onShowShortcuts}>
          {t('shortcuts.title')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t('scheme.label')}</Menu.Label>
        {schemes.map(([scheme, Icon]) => (
          <Menu.Item
            key={scheme}
            closeMenuOnClick={false}
            leftSection={<Icon size={16} />}
            rightSection={colorScheme === scheme && <Check size={14} />}
            aria-current={colorScheme === scheme}
            onClick={() => setColorScheme(scheme)}
          >
            {t(`scheme.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Label>{t('language.label')}</Menu.Label>
        {Language.options.map((option) => (
          <Menu.Item
            key={option}
            lang={option}
            closeMenuOnClick={false}
            leftSection={<Languages size={16} />}
            rightSection={language === option && <Check size={14} />}
            aria-current={language === option}
            onClick={() => changeLanguage(option)}
          >
            {t(`language.${option}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={16} />} onClick={signOut}>
          {t('signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
