/** The parts of the product, and the sections of the one that is open. */
import { Box, NavLink } from '@mantine/core'
import { Link, useRouterState } from '@tanstack/react-router'
import { Suspense } from 'react'
import type { Account } from '#contracts/identity/account.ts'
import { useWords } from '#web/app/language.tsx'
import type { Part } from '#web/app/parts.ts'
import { parts } from '#web/features/parts.ts'

export function Navigation({ account }: { account: Account }) {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  return (
    <Box flex={1} style={{ overflowY: 'auto' }}>
      {parts
        .filter((part) => part.mayUse(account))
        .map((part) => (
          <PartLinks key={part.id} part={part} path={path} />
        ))}
    </Box>
  )
}

interface PartLinksProps {
  part: Part
  path: string
}

function PartLinks({ part: { id, label, icon: Icon, to, sections, Sidebar }, path }: PartLinksProps) {
  const { t } = useWords()
  const isOpen = path.split('/')[1] === id
  return (
    <>
      <NavLink
        component={Link}
        to={to}
        activeOptions={{ exact: true }}
        label={t(label)}
        leftSection={<Icon size={18} strokeWidth={1.75} aria-hidden />}
        fw={600}
        styles={{ root: { borderRadius: 'var(--mantine-radius-sm)' } }}
      />
      {isOpen && Sidebar && (
        <Suspense>
          <Sidebar />
        </Suspense>
      )}
      {isOpen &&
        !Sidebar &&
        sections.map(({ to, label, icon: SectionIcon }) => {
          const isCurrent = path.startsWith(String(to))
          return (
            <NavLink
              key={label}
              component={Link}
              to={to}
              label={t(label)}
              active={isCurrent}
              aria-current={isCurrent ? 'page' : undefined}
              leftSection={<SectionIcon size={16} strokeWidth={1.75} aria-hidden />}
              pl="lg"
              styles={{ root: { borderRadius: 'var(--mantine-radius-sm)' } }}
            />
          )
        })}
    </>
  )
}
