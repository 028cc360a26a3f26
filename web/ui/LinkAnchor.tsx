/** A link to a page of this app, as typed as the router's own. */
import { Anchor, type AnchorProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, Ref } from 'react'

interface PlainAnchorProps
  extends AnchorProps, Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof AnchorProps> {
  ref?: Ref<HTMLAnchorElement>
}

function PlainAnchor(props: PlainAnchorProps) {
  return <Anchor {...props} />
}

export const LinkAnchor = createLink(PlainAnchor)
