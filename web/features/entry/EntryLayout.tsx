/** A narrow column with our mark, and the choice of language and light. */
import {
  ActionIcon,
  Box,
  Button,
  Group,
  Stack,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Outlet } from '@tanstack/react-router'
import { Moon, Sun } from 'lucide-react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { Mark } from '#web/ui/Mark.tsx'
import classes from './entry.module.css'

export function EntryLayout() {
  const { t, language, setLanguage } = useWords()
  const { data: installation } = useQuery({
    ...queryOf(identity.calls.showInstallation, {}),
    staleTime: Infinity,
  })
  const other = language === 'en' ? 'bn' : 'en'
  return (
    <div className={classes.layout}>
      <Box component="header" className={classes.brand}>
        <Group gap="sm" justify="center">
          <Mark size={40} />
          <Stack gap={0}>
            <Text fw={700} fz="xl" lh={1.2}>
              {installation?.isSetUp ? installation.name : t('app.name')}
            </Text>
            {installation?.isSetUp && (
              <Text size="xs" c="dimmed">
                {installation.domains[0]}
              </Text>
            )}
          </Stack>
        </Group>
      </Box>
      <main className={classes.card}>
        <Outlet />
      </main>
      <Group component="footer" justify="center" gap="xs" mt="lg">
        <Button variant="subtle" size="compact-sm" lang={other} onClick={() => void setLanguage(other)}>
          {t(`language.${other}`)}
        </Button>
        <SchemeSwitch />
      </Group>
    </div>
  )
}

function SchemeSwitch() {
  const { t } = useWords()
  const { setColorScheme } = useMantineColorScheme()
  const isDark = useComputedColorScheme('light') === 'dark'
  const next = isDark ? 'light' : 'dark'
  const Icon = isDark ? Sun : Moon
  return (
    <ActionIcon variant="subtle" aria-label={t(`scheme.${next}`)} onClick={() => setColorScheme(next)}>
      <Icon size={16} />
    </ActionIcon>
  )
}
