import { Group } from '@mantine/core'
import type { LinkProps } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { LinkAnchor } from './LinkAnchor.tsx'

/** To the list that the page belongs to. */
export function BackLink({ to, children }: { to: NonNullable<LinkProps['to']>; children: string }) {
  return (
    <LinkAnchor to={to} size="sm">
      <Group gap={4} mb="md" component="span">
        <ArrowLeft size={14} aria-hidden />
        {children}
      </Group>
    </LinkAnchor>
  )
}
