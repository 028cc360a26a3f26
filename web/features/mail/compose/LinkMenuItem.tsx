/** An item of a menu that leads to a page of this app. */
import { Menu, type MenuItemProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, Ref } from 'react'

interface PlainItemProps
  extends MenuItemProps, Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof MenuItemProps> {
  ref?: Ref<HTMLAnchorElement>
}

function PlainItem(props: PlainItemProps) {
  return <Menu.Item component="a" {...props} />
}

export const LinkMenuItem = createLink(PlainItem)
